using ConversationHub.Testing.Golden;

namespace ConversationHub.Testing.Tests.Golden;

public sealed class GoldenFileTests
{
    private const string Committed = "tests/ConversationHub.Testing.Tests/Golden/sample.golden.txt";

    [Fact]
    public void Assert_TheSameText_Passes() => GoldenFile.Assert(Committed, "one\ntwo\nthree");

    [Fact]
    public void Assert_AnotherLine_FailsWithBothAndTheCommand()
    {
        var failure = Xunit.Assert.ThrowsAny<Exception>(() => GoldenFile.Assert(Committed, "one\n2\nthree\n"));

        Xunit.Assert.Contains("  one\n- two\n+ 2\n", failure.Message, StringComparison.Ordinal);
        Xunit.Assert.Contains("MAESTRA_ACCEPT_GOLDEN=1 dotnet test tests/ConversationHub.Testing.Tests", failure.Message, StringComparison.Ordinal);
    }
}
