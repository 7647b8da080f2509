namespace ConversationHub.Testing;

/// <summary>Whether a test may do without what it needs and the machine has not.</summary>
public static class TestSkips
{
    /// <summary>Set where every test must run, as in <c>.ci/run</c>: one that cannot then fails.</summary>
    private const string Variable = "MAESTRA_TESTS_FORBID_SKIP";

    public static bool AreForbidden { get; } = Environment.GetEnvironmentVariable(Variable) == "1";
}
