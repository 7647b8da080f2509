using Xunit;

namespace ConversationHub.Testing.WireMock;

/// <summary>
/// A test that needs a <see cref="WireMockServer"/>. Where Java or npm is missing it is skipped, with the reason, unless
/// <c>MAESTRA_TESTS_FORBID_SKIP=1</c>: then it runs, and fails with the same reason.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class WireMockFactAttribute : FactAttribute
{
    public WireMockFactAttribute()
    {
        if (WireMockTools.MissingReason is { } reason && Environment.GetEnvironmentVariable("MAESTRA_TESTS_FORBID_SKIP") != "1")
            Skip = reason;
    }
}
