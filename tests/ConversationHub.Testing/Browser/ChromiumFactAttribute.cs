using System.Runtime.CompilerServices;
using Xunit;

namespace ConversationHub.Testing.Browser;

/// <summary>
/// A test that needs a real Chromium. Where there is none it is skipped, with the reason, unless <c>MAESTRA_TESTS_FORBID_SKIP=1</c>:
/// then it runs, and fails for want of it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChromiumFactAttribute : FactAttribute
{
    private const string Missing = "needs Debian's chromium";

    /// <param name="method">Left to the compiler.</param>
    public ChromiumFactAttribute([CallerMemberName] string? method = null)
    {
        if (ChromiumProcess.Program is not null || TestSkips.AreForbidden)
            return;
        Skip = Missing;
        // "dotnet test" prints the names of skipped tests and not the reasons, so the name says it.
        DisplayName = $"{method} ({Missing})";
    }
}
