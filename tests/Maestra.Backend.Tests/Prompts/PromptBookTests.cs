using ConversationHub.Testing;
using Maestra.Backend.Prompts;

namespace Maestra.Backend.Tests.Prompts;

public sealed class PromptBookTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_NoFolder_EveryModeHasInstructionsOfItsOwn()
    {
        var book = PromptBook.Load(Path.Combine(_folder.Path, "absent"));

        Assert.Equal(7, PromptBook.Modes.Select(mode => book.Of(mode).Instructions).Distinct().Count());
        Assert.All(PromptBook.Modes, mode => Assert.Equal((mode, 1), (book.Of(mode).Mode, book.Of(mode).Version)));
        Assert.Equal("advisor", book.Of("a mode of the user's own").Mode);
        Assert.Empty(book.Errors);
    }

    [Fact]
    public void Load_FileOfTheUser_ReplacesTheBuiltInOne()
    {
        Write("tutorial.md", "maestra-prompt tutorial 7\r\n\r\nTeach in rhymes.\r\nAlways.\r\n");

        var book = PromptBook.Load(_folder.Path);

        Assert.Equal(new ModePrompt("tutorial", 7, "Teach in rhymes.\nAlways."), book.Of("tutorial"));
        Assert.Equal(["tutorial 7"], book.Overridden);
        Assert.Equal(1, book.Of("advisor").Version);
    }

    [Theory]
    [InlineData("advisor.md", "Just instructions.\nMore.")]
    [InlineData("advisor.md", "maestra-prompt tutorial 1\nOf another mode.")]
    [InlineData("advisor.md", "maestra-prompt advisor 0\nText.")]
    [InlineData("advisor.md", "maestra-prompt advisor 1")]
    [InlineData("advisor.md", "maestra-prompt advisor 1\n \n")]
    [InlineData("advisor.md", "maestra-prompt advisor 1\nnul \0")]
    [InlineData("advisor.md", "")]
    [InlineData("poet.md", "maestra-prompt poet 1\nText.")]
    public void Load_BadFile_IsToldWithItsPathAndTheBuiltInOneKept(string name, string content)
    {
        Write(name, content);

        var book = PromptBook.Load(_folder.Path);

        Assert.Contains(Path.Combine(_folder.Path, name), Assert.Single(book.Errors), StringComparison.Ordinal);
        Assert.StartsWith("You are Maestra, one assistant", book.Of("advisor").Instructions, StringComparison.Ordinal);
        Assert.Empty(book.Overridden);
    }

    [Fact]
    public void Load_FileTooLargeOrNotUtf8_IsToldAndTheBuiltInOneKept()
    {
        Write("advisor.md", "maestra-prompt advisor 1\n" + new string('x', ModePrompt.MaxBytes));
        File.WriteAllBytes(Path.Combine(_folder.Path, "router.md"), [.. "maestra-prompt router 1\n"u8, 0xFF, 0xFE]);

        Assert.Equal(2, PromptBook.Load(_folder.Path).Errors.Count);
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_folder.Path, name), content);
}
