using ConversationHub.Contracts;
using ConversationHub.Testing.Time;

namespace ConversationHub.Store.Tests.Sync;

/// <summary>One backend's store, as the tests of the exchange use it.</summary>
internal sealed class SyncSide(string backendId, StoreOpening.Opened opened, ManualTimeProvider time)
{
    private readonly IdSource _ids = new(time);

    public string BackendId => backendId;

    public IConversationStore Store => opened.Store;

    public IConversationArchive Archive => opened.Archive;

    public ISyncStore Sync => opened.Sync;

    public async Task<QuestionDraft> AskAsync(string message, string conversation = "main", UserId? user = null, OperationId? id = null, string? answer = "Yes.")
    {
        var question = new QuestionDraft
        {
            User = user ?? OpenedStore.Ada,
            OperationId = id ?? _ids.NewOperationId(),
            ConversationId = ConversationId.Parse(conversation),
            Message = message,
            Surface = OpenedStore.Windsurf,
            ModeHint = null,
            Fingerprint = OpenedStore.Fingerprint(message),
        };
        Assert.IsType<QuestionOutcome.Stored>(await Store.StoreQuestionAsync(question, CancellationToken.None));
        if (answer is not null)
            Assert.IsType<ReplyOutcome.Stored>(await Store.StoreReplyAsync(OpenedStore.Reply(question, answer), CancellationToken.None));
        time.Advance(TimeSpan.FromMilliseconds(20));
        return question;
    }

    /// <returns>Null when the conversation was erased.</returns>
    public async Task<OperationId?> TryAskAsync(string message, string conversation, UserId user)
    {
        var question = new QuestionDraft
        {
            User = user,
            OperationId = _ids.NewOperationId(),
            ConversationId = ConversationId.Parse(conversation),
            Message = message,
            Surface = OpenedStore.Windsurf,
            ModeHint = null,
            Fingerprint = OpenedStore.Fingerprint(message),
        };
        if (await Store.StoreQuestionAsync(question, CancellationToken.None) is QuestionOutcome.Erased)
            return null;
        Assert.IsType<ReplyOutcome.Stored>(await Store.StoreReplyAsync(OpenedStore.Reply(question, "Yes."), CancellationToken.None));
        return question.OperationId;
    }

    public async Task<ChangeOutcome> ChangeAsync(Func<ConversationChange, ConversationChange> change, string conversation = "main") =>
        await Archive.ChangeAsync(
            change(new ConversationChange { Owner = OpenedStore.Ada, ConversationId = ConversationId.Parse(conversation) }), CancellationToken.None);

    public async Task<IReadOnlyDictionary<string, long>> HaveAsync(SyncScope? scope = null) =>
        (await Sync.ReadVectorAsync(scope ?? SyncScope.Everybody, CancellationToken.None)).Have!;

    public async Task<SyncBatch> MissingAsync(SyncSide peer, SyncScope? scope = null) =>
        (await Sync.ReadMissingAsync(scope ?? SyncScope.Everybody, await peer.HaveAsync(scope), CancellationToken.None)).Batch!;

    public Task<SyncApplyOutcome> ApplyAsync(IReadOnlyList<SyncOperation> batch, SyncScope? scope = null) =>
        Sync.ApplyAsync(scope ?? SyncScope.Everybody, batch, CancellationToken.None);

    /// <summary>Takes what the other has, as one round does.</summary>
    public async Task<SyncCounts> PullAsync(SyncSide from, SyncScope? scope = null)
    {
        var total = SyncCounts.None;
        SyncBatch batch;
        do
        {
            batch = await from.MissingAsync(this, scope);
            var counts = Assert.IsType<SyncApplyOutcome.Applied>(await ApplyAsync(batch.Operations, scope)).Counts;
            total = new SyncCounts(
                total.Received + counts.Received, total.Merged + counts.Merged, total.Updated + counts.Updated, total.Skipped + counts.Skipped,
                total.Operations + counts.Operations);
        }
        while (batch.More);
        return total;
    }

    /// <summary>Everything that is shown, in one order: equal texts are equal states.</summary>
    public async Task<string> DigestAsync()
    {
        var lines = new List<string>();
        await foreach (var outcome in Archive.ExportAsync(null, CancellationToken.None))
        {
            var one = Assert.IsType<ReadOutcome.Found>(outcome).Conversation;
            var head = $"{one.Owner}/{one.Id} {one.Topic} {one.Meta.Status} [{string.Join(',', one.Tags)}] [{string.Join(',', one.Surfaces)}]";
            var messages = one.Messages.Select(message => $"  {message.Id} {message.Role} {message.Content} {message.Meta.BackendId}");
            lines.Add(string.Join('\n', messages.Prepend(head)));
        }

        // Two owners may have one id, and an export has no order between them.
        return string.Join('\n', lines.Order(StringComparer.Ordinal));
    }

    public async Task<ReadOutcome> ReadAsync(string conversation = "main", UserId? user = null) => await Store.ReadAsync(
        new ReadQuery { Owner = user ?? OpenedStore.Ada, ConversationId = ConversationId.Parse(conversation) }, CancellationToken.None);

    public async Task<string> TranscriptAsync(string conversation = "main") =>
        await ReadAsync(conversation) is ReadOutcome.Found found ? string.Join('|', found.Conversation.Messages.Select(message => message.Content)) : "";
}
