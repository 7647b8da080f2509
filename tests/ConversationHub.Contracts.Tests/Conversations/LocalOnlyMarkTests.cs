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
        for (var round = 0; round < 200; round++)
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

    /// <summary>Where a store lies and when its folder was made, start after start, and the name that each must have.</summary>
    [Theory]
    [InlineData("moved, and a backup put in its place", "here 1 A", "there 1 A", "there 2 A", "there 2 A")]
    [InlineData("copied", "here 1 A", "copy 2 B", "here 1 A", "copy 2 B")]
    [InlineData("seen by a container and its host", "here 1 A", "inside 1 A", "here 1 A")]
    [InlineData("moved, and a copy put in its place", "here 1 A", "there 1 A", "here 2 B", "there 1 A", "here 2 B")]
    [InlineData("moved, and a copy put in its place, which starts first", "here 1 A", "here 2 A", "there 1 B", "here 2 A", "there 1 B")]
    [InlineData("moved to where another was", "here 1 A", "there 2 B", "there 1 A", "there 3 A", "elsewhere 2 B")]
    [InlineData("a new one where one was moved away", "here 1 A", "there 1 A", "here 3 B", "there 1 A")]
    [InlineData("births that are not known", "here - A", "here - A", "there - B", "here - A")]
    [InlineData("births that become known", "here - A", "here 1 A", "there 1 A")]
    public void Backend_StoreThat_KeepsItsName(string what, params string[] starts)
    {
        _ = what;
        var names = new Dictionary<string, string>();
        foreach (var start in starts.Select(static start => start.Split(' ')))
        {
            var name = LocalOnlyMark.Backend(_folder.Path, $"{start[0]}/state", $"{start[0]}/conversations", start[1].Trim('-'));
            Assert.Equal(names.GetValueOrDefault(start[2], name), name);
            names[start[2]] = name;
        }

        Assert.Distinct(names.Values);
    }

    /// <summary>What a version before has marked is its own.</summary>
    [Fact]
    public void Backend_FirstStart_IsNamedAsByAVersionBefore() =>
        Assert.Equal(
            LocalOnlyMark.FileNameOf("/home/ada/.8825\n/home/ada/.8825/conversations"),
            LocalOnlyMark.Backend(_folder.Path, "/home/ada/.8825", "/home/ada/.8825/conversations", "1"));

    /// <summary>A name all the same, and the same each time: the mark is worth more than who wrote it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Backend_NoteThatCannotBeKept_IsNamedByItsPlace(bool isDamaged)
    {
        var folder = isDamaged ? _folder.Path : _folder.Combine("a file");
        var place = LocalOnlyMark.FileNameOf("state\nconversations");
        File.WriteAllText(isDamaged ? _folder.Combine(place + ".writer") : folder, "half a li");

        Assert.Equal(place, LocalOnlyMark.Backend(folder, "state", "conversations", "1"));
        Assert.Equal(place, LocalOnlyMark.Backend(folder, "state", "conversations", "1"));
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
