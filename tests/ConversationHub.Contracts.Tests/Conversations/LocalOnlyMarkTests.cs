using ConversationHub.Testing;

namespace ConversationHub.Contracts.Tests.Conversations;

public sealed class LocalOnlyMarkTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Remove_OneOfTwoWriters_LeavesWhatTheOtherSaid()
    {
        Assert.True(LocalOnlyMark.Write(_folder.Path, "diary", "one"));
        Assert.False(LocalOnlyMark.Write(_folder.Path, "diary", "one"));
        Assert.True(LocalOnlyMark.Write(_folder.Path, "diary", "two"));

        LocalOnlyMark.Remove(_folder.Path, "diary", "two");
        LocalOnlyMark.Remove(_folder.Path, "diary", "nobody");
        Assert.True(IsMarked("diary"));

        LocalOnlyMark.Remove(_folder.Path, "diary", "one");
        Assert.False(IsMarked("diary"));
        LocalOnlyMark.Remove(_folder.Path, "diary", "one");
    }

    [Fact]
    public void Write_AndRemove_TouchNoOtherConversation()
    {
        LocalOnlyMark.Write(_folder.Path, "diary", "one");
        LocalOnlyMark.Remove(_folder.Path, "open", "one");

        Assert.True(IsMarked("diary"));
        Assert.False(IsMarked("open"));
    }

    /// <summary>A version before made a file of the conversation, whoever said so.</summary>
    [Fact]
    public void Mark_OfAVersionBefore_CountsUntilSomebodyTakesItAway()
    {
        File.WriteAllText(Path.Combine(_folder.Path, LocalOnlyMark.FileNameOf("diary")), "");

        Assert.False(LocalOnlyMark.Write(_folder.Path, "diary", "one"));
        Assert.True(IsMarked("diary"));
        LocalOnlyMark.Remove(_folder.Path, "diary", "one");
        Assert.False(IsMarked("diary"));
    }

    /// <summary>A writer that has said so is never without its mark, however often another comes and goes.</summary>
    [Fact]
    public async Task Write_WhileAnotherComesAndGoes_IsThere()
    {
        using var isOver = new CancellationTokenSource();
        var other = Task.Run(() =>
        {
            while (!isOver.IsCancellationRequested)
            {
                LocalOnlyMark.Write(_folder.Path, "diary", "two");
                LocalOnlyMark.Remove(_folder.Path, "diary", "two");
            }
        });
        for (var round = 0; round < 300; round++)
        {
            LocalOnlyMark.Write(_folder.Path, "diary", "one");
            Assert.True(IsMarked("diary"));
            LocalOnlyMark.Remove(_folder.Path, "diary", "one");
        }

        await isOver.CancelAsync();
        await other.WaitAsync(TestTimeouts.Signal);
    }

    private bool IsMarked(string conversation) => Path.Exists(Path.Combine(_folder.Path, LocalOnlyMark.FileNameOf(conversation)));
}
