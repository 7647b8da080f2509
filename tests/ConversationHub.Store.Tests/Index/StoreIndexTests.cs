using System.Globalization;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using FsCheck;
using FsCheck.Fluent;

namespace ConversationHub.Store.Tests.Index;

/// <summary>The merge: the same set of operations gives the same conversations, whatever the order and however often each arrives.</summary>
public sealed class StoreIndexTests
{
    private const int Seeds = 400;

    [Fact]
    public void Apply_AnyOrderAndRepeats_GivesTheSameConversations() =>
        Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var operations = RandomOperations(random);
            var expected = Describe(operations);
            var shuffled = operations.Concat(operations.Where(_ => random.Next(3) == 0)).ToArray();
            random.Shuffle(shuffled);
            Assert.Equal(expected, Describe(shuffled));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Seeds));

    [Fact]
    public void Apply_InBulkOrOneByOne_GivesTheSameOrder()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var operations = RandomOperations(new Random(seed));
            Assert.Equal(Describe(operations, bulk: true), Describe(operations, bulk: false));
        }
    }

    [Fact]
    public void Apply_ErasedConversation_NeverComesBack()
    {
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var erase = Erase("c1", 1);
            var operations = RandomOperations(random).Append(erase).ToArray();
            random.Shuffle(operations);

            Assert.DoesNotContain("ada/c1", Describe(operations), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Apply_TwoTitles_TheLaterClockWinsAndOfEqualClocksTheGreaterOrigin()
    {
        var question = Message("c1", id: 1, hlc: 10, origin: 0);
        var early = Field("c1", id: 2, hlc: 20, origin: 1, "title", "\"early\"");
        var late = Field("c1", id: 3, hlc: 21, origin: 0, "title", "\"late\"");
        var tie = Field("c1", id: 4, hlc: 21, origin: 1, "title", "\"tie\"");

        Assert.Contains("title=late", Describe([question, late, early]), StringComparison.Ordinal);
        Assert.Contains("title=tie", Describe([tie, question, late, early]), StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_OneQuestionAnsweredByTwoBackends_ShowsTheQuestionOnceAndBothReplies()
    {
        var here = Message("c1", id: 1, hlc: 10, origin: 0);
        var there = Message("c1", id: 1, hlc: 12, origin: 1);
        var replyHere = Message("c1", id: 2, hlc: 30, origin: 0, question: 1);
        var replyThere = Message("c1", id: 3, hlc: 20, origin: 1, question: 1);

        Assert.Contains("messages=1@10,3@20,2@30", Describe([here, there, replyHere, replyThere]), StringComparison.Ordinal);
        Assert.Contains("reply=3", Describe([replyHere, replyThere, there, here]), StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_UserErased_RemovesWhatIsNotLaterAndKeepsWhatIs()
    {
        var early = Message("c1", id: 1, hlc: 10, origin: 0);
        var late = Message("c1", id: 2, hlc: 30, origin: 0);
        var erase = Erase(null, 20);

        Assert.Contains("messages=2@30", Describe([early, late, erase]), StringComparison.Ordinal);
        Assert.Contains("messages=2@30", Describe([erase, late, early]), StringComparison.Ordinal);
    }

    private static (StoredOperation, OperationContent)[] RandomOperations(Random random)
    {
        var seqs = new int[3];
        var operations = new List<(StoredOperation Operation, OperationContent Content)>();
        for (var n = random.Next(1, 25); n > 0; n--)
        {
            var origin = random.Next(seqs.Length);
            var conversation = $"c{random.Next(3)}";
            var id = random.Next(12);
            ulong hlc = (ulong)random.Next(1, 40);
            var made = random.Next(10) switch
            {
                < 6 => Message(conversation, id, hlc, origin, question: id < 6 ? null : random.Next(6)),
                < 8 => Field(conversation, 100 + n, hlc, origin, random.Next(2) == 0 ? "title" : "tag:x", random.Next(2) == 0 ? "true" : $"\"{n}\""),
                8 => Erase(conversation, hlc),
                _ => Erase(null, hlc),
            };

            // An id is one message: it stands in one conversation and has one role, whoever sends a copy.
            if (operations.Any(other => other.Operation.Id == made.Item1.Id
                && (other.Operation.ConversationId != made.Item1.ConversationId || other.Operation.Origin == made.Item1.Origin)))
            {
                continue;
            }

            operations.Add((made.Item1 with { Seq = ++seqs[origin] }, made.Item2));
        }

        return [.. operations];
    }

    private static (StoredOperation, OperationContent) Message(string conversation, int id, ulong hlc, int origin, int? question = null)
    {
        var body = new MessageBody
        {
            Role = question is null ? MessageRole.User : MessageRole.Assistant,
            Content = $"m{id}",
            Surface = $"s{id % 3}",
            Mode = null,
            Timestamp = DateTimeOffset.UnixEpoch.AddSeconds(hlc),
            Meta = new MessageMeta { OperationId = question is { } q ? Id(q).ToString() : null },
        };
        return (Operation(OperationKind.Message, conversation, id, hlc, origin), new OperationContent.Message(body));
    }

    private static (StoredOperation, OperationContent) Field(string conversation, int id, ulong hlc, int origin, string name, string json)
    {
        using var value = JsonDocument.Parse(json);
        return (Operation(OperationKind.Field, conversation, id, hlc, origin),
            new OperationContent.Field(new FieldBody { Name = name, Value = value.RootElement.Clone(), Timestamp = DateTimeOffset.UnixEpoch.AddSeconds(hlc) }));
    }

    private static (StoredOperation, OperationContent) Erase(string? conversation, ulong hlc) =>
        (Operation(OperationKind.Erase, conversation, 1000 + (int)hlc, hlc, 2),
            new OperationContent.Erase(new EraseBody { Scope = conversation is null ? "user" : "conversation", Timestamp = DateTimeOffset.UnixEpoch }));

    private static StoredOperation Operation(string kind, string? conversation, int id, ulong hlc, int origin) =>
        new(Id(id), kind, "ada", conversation, $"o{origin}", 1 + id, new HybridTimestamp(hlc));

    private static Guid Id(int id) => Guid.Parse(string.Create(CultureInfo.InvariantCulture, $"00000000-0000-7000-8000-{id:D12}"));

    /// <summary>All that is shown, as text.</summary>
    private static string Describe(IEnumerable<(StoredOperation Operation, OperationContent Content)> operations, bool bulk = false)
    {
        var index = new StoreIndex(StoreNamespace.Shared);
        if (bulk)
            index.BeginBulk();
        foreach (var (operation, content) in operations)
            index.Apply(operation, content, default);
        if (bulk)
            index.EndBulk();

        return string.Join('\n', index.Recency.NewestFirst(null).Select(number =>
        {
            var entry = index.Conversations[number];
            var messages = Enumerable.Range(0, entry.Messages.Count).Select(at => index.Operations[entry.Messages[at]]).ToArray();
            return $"{entry.Owner}/{entry.Id} updated={entry.UpdatedTicks} title={entry.Fields?.Title} tags={string.Join('+', entry.Fields?.Tags ?? [])}"
                + $" surfaces={string.Join('+', entry.Surfaces.Select(surface => index.Surfaces[surface]))}"
                + $" messages={string.Join(',', messages.Select(message => $"{Last(message.Id)}@{message.Hlc.Value}"))}"
                + $" reply={string.Join(',', messages.Select(message => index.FindReply(index.Find(OpenedStore.Ada, new OperationId(message.Id))))
                    .Where(reply => reply >= 0).Select(reply => Last(index.Operations[reply].Id)))}";
        }));
    }

    private static int Last(Guid id) => int.Parse(id.ToString()[^12..], CultureInfo.InvariantCulture);
}
