using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Import;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using ConversationHub.Store.Views;

namespace ConversationHub.Store.Tests.Import;

public sealed class OwnFilesTests
{
    private int _operations;

    /// <summary>Ids that only letter case tells apart, the same one of two users, one that Windows has taken: each has its file, and no other name is ours.</summary>
    [Fact]
    public void Have_AnyName_IsTrueForTheFilesOfShownConversationsAlone()
    {
        var state = new LogState(StoreNamespace.PerUser, searches: false);
        foreach (var (owner, id) in new[] { ("ada", "main"), ("ada", "Main"), ("bob", "main"), ("ada", "con"), ("bob", "imports"), ("ada", "gone") })
            Message(state, owner, id);
        Apply(state, "ada", "gone", OperationKind.Erase, new OperationContent.Erase(new EraseBody { Scope = "conversation", Timestamp = DateTimeOffset.UnixEpoch }));
        var own = new OwnFiles(state);

        var names = Enumerable.Range(0, state.Index.Conversations.Count).Select(number => state.Index.Conversations[number] is var one
            ? (Name: ViewName.Of(one.Id, one.Owner, state.Index.IsFirstOfName(number)), one.IsShown) : default).ToArray();

        Assert.Equal(6, names.Distinct().Count());
        Assert.All(names, one => Assert.Equal(one.IsShown, own.Have(one.Name)));
        Assert.All(
            new[] { "Main.json", "MAIN.json", "con.json", "imports.json", "other.json", "main~00000000.json", "main~.json", "~.json", ".json", "\ud800.json", new string('x', 2_000) + ".json" },
            name => Assert.False(own.Have(name), name));
    }

    private void Message(LogState state, string owner, string id) => Apply(state, owner, id, OperationKind.Message, new OperationContent.Message(new MessageBody
    {
        Role = MessageRole.User,
        Content = "text",
        Surface = "windsurf",
        Mode = null,
        Timestamp = DateTimeOffset.UnixEpoch,
        Meta = new MessageMeta(),
    }));

    private void Apply(LogState state, string owner, string id, string kind, OperationContent content)
    {
        var number = ++_operations;
        state.Apply(
            new StoredOperation(Guid.CreateVersion7(), kind, owner, id, "o~" + owner, number, new HybridTimestamp((ulong)number)),
            content, new LineLocation(1, number, 1), Store.Search.TermCounts.Empty);
    }
}
