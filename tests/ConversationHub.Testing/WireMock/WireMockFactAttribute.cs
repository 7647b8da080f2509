using System.Runtime.CompilerServices;
using Xunit;

namespace ConversationHub.Testing.WireMock;

/// <summary>
/// A test that needs a <see cref="WireMockServer"/>. Where Java or npm is missing it is skipped, with the reason, unless
/// <c>MAESTRA_TESTS_FORBID_SKIP=1</c>: then it runs, and fails with the same reason.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WireMockFactAttribute : FactAttribute
{
    /// <param name="method">Left to the compiler.</param>
    public WireMockFactAttribute([CallerMemberName] string? method = null)
    {
        if (WireMockTools.MissingReason is not { } reason || Environment.GetEnvironmentVariable("MAESTRA_TESTS_FORBID_SKIP") == "1")
            return;
        Skip = reason;
        // "dotnet test" prints the names of skipped tests and not the reasons, so the name says it.
        DisplayName = $"{method} ({reason})";
    }
}
