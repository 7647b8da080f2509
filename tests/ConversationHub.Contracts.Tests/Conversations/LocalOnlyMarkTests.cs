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

    /// <summary>A version before made a file of the conversation, whoever said so: a backend that says the same makes it its own, and no hub takes it away.</summary>
    /// <param name="left">What it finds: the file, or what an end of the process left while it became a folder.</param>
    [Theory]
    [InlineData("the file")]
    [InlineData("the file under both names")]
    [InlineData("the file under its other name")]
    public void Mark_OfAVersionBefore_BecomesThatOfTheBackendThatSaysTheSame(string left)
    {
        Leave(left);

        Assert.False(LocalOnlyMark.Write(_folder.Path, "diary", LocalOnlyMark.Hubs));
        LocalOnlyMark.Remove(_folder.Path, "diary", LocalOnlyMark.Hubs);
        Assert.True(IsMarked("diary"));

        Assert.False(LocalOnlyMark.Write(_folder.Path, "diary", "one"));
        Assert.True(LocalOnlyMark.Write(_folder.Path, "diary", LocalOnlyMark.Hubs));
        LocalOnlyMark.Remove(_folder.Path, "diary", LocalOnlyMark.Hubs);
        LocalOnlyMark.Remove(_folder.Path, "diary", "two");
        Assert.True(IsMarked("diary"));

        LocalOnlyMark.Remove(_folder.Path, "diary", "one");
        Assert.False(IsMarked("diary"));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    /// <summary>No backend of this home says so any more: its owner takes the tag away.</summary>
    [Theory]
    [InlineData("the file")]
    [InlineData("the file under both names")]
    [InlineData("the file under its other name")]
    public void Mark_OfAVersionBefore_GoesWithTheTag(string left)
    {
        Leave(left);

        LocalOnlyMark.Remove(_folder.Path, "diary", "one");

        Assert.False(IsMarked("diary"));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    /// <summary>Left by a process that ended when its own mark was there.</summary>
    [Fact]
    public void Mark_OfAVersionBefore_LeftBesideTheFolder_GoesWithTheNextStart()
    {
        LocalOnlyMark.Write(_folder.Path, "diary", "one");
        Leave("the file under its other name");

        Assert.False(LocalOnlyMark.Write(_folder.Path, "diary", "one"));
        LocalOnlyMark.Remove(_folder.Path, "diary", "one");

        Assert.False(IsMarked("diary"));
    }

    /// <summary>A hub that looks while the file becomes a folder.</summary>
    [Fact]
    public async Task Write_OverAFileOfAVersionBefore_IsThereAllTheTime()
    {
        using var isOver = new CancellationTokenSource();
        string? present = null;
        var missed = 0;
        var hub = Task.Run(() =>
        {
            while (!isOver.IsCancellationRequested)
            {
                if (Volatile.Read(ref present) is { } conversation && !IsMarked(conversation))
                    missed++;
            }
        });
        for (var round = 0; round < 500; round++)
        {
            var conversation = $"diary-{round}";
            await File.WriteAllTextAsync(PlaceOf(conversation), "");
            Volatile.Write(ref present, conversation);
            await Task.WhenAll(((string[])["one", "two"]).Select(writer => Task.Run(() => LocalOnlyMark.Write(_folder.Path, conversation, writer))));
        }

        await isOver.CancelAsync();
        await hub.WaitAsync(TestTimeouts.Signal);
        Assert.Equal(0, missed);
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

    private void Leave(string left)
    {
        if (left != "the file under its other name")
            File.WriteAllText(PlaceOf("diary"), "");
        if (left != "the file")
            File.WriteAllText(PlaceOf("diary") + ".former", "");
    }

    private string PlaceOf(string conversation) => Path.Combine(_folder.Path, LocalOnlyMark.FileNameOf(conversation));

    private bool IsMarked(string conversation) => LocalOnlyMark.IsThere(PlaceOf(conversation))!.Value;
}
