using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>The store's seam over plain collections: for tests of what stands in front of the store, with failures on demand.</summary>
internal sealed class InMemoryStore(StoreOptions options, TimeProvider time, IdSource ids) : IConversationStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Owner, ConversationId Id), Conversation> _conversations = [];
    private readonly Dictionary<(UserId User, OperationId Id), Asked> _questions = [];
    private DateTimeOffset? _lastCommit;

    public StoreHealthState Health { get; set; } = StoreHealthState.Healthy;

    /// <summary>Answered to every write while it is set.</summary>
    public StoreFailure? Failure { get; set; }

    /// <summary>Awaited before a reply is stored, to hold one in that state.</summary>
    public Func<Task>? BeforeReply { get; set; }

    public HashSet<ConversationId> Erased { get; } = [];

    public int QuestionsStored { get; private set; }

    public StoreStatus Status => new("log", _conversations.Count, _lastCommit, Health, null);

    public Task<QuestionOutcome> StoreQuestionAsync(QuestionDraft question, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(StoreQuestion(question));
    }

    public async Task<ReplyOutcome> StoreReplyAsync(ReplyDraft reply, CancellationToken cancellationToken)
    {
        if (BeforeReply is { } wait)
            await wait();
        lock (_gate)
        {
            if (Failure is { } failure)
                return new ReplyOutcome.NotCommitted(failure);
            if (!_questions.TryGetValue((reply.User, reply.QuestionId), out var asked))
                return new ReplyOutcome.UnknownQuestion();
            if (asked.Reply is { } earlier)
                return new ReplyOutcome.AlreadyAnswered(earlier);
            var meta = reply.Meta with { OperationId = reply.QuestionId.ToString(), BackendId = options.BackendId };
            asked.Reply = new StoredReply(ids.NewOperationId(), reply.Content, reply.Mode, Now(), meta);
            asked.Conversation.Messages.Add(Message(asked.Reply.MessageId, MessageRole.Assistant, reply.Content, asked.Surface, reply.Mode, meta));
            return new ReplyOutcome.Stored(asked.Reply);
        }
    }

    public Task<ReadOutcome> ReadAsync(ReadQuery query, CancellationToken cancellationToken)
    {
        lock (_gate)
            return Task.FromResult(Read(query));
    }

    public Task<ListOutcome> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (query.Cursor is not null)
                return Task.FromResult<ListOutcome>(new ListOutcome.BadCursor());
            var summaries = _conversations.Values
                .Where(conversation => query.Owner is not { } owner || conversation.Owner == owner)
                .Select(Summarise).OrderByDescending(summary => summary.UpdatedAt).Take(query.Limit).ToArray();
            return Task.FromResult<ListOutcome>(new ListOutcome.Listed(new ConversationPage { Conversations = summaries, NextCursor = null }));
        }
    }

    public Task<SearchOutcome> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var words = query.Text.ToLowerInvariant().Split([' ', '?', '.', '\n'], StringSplitOptions.RemoveEmptyEntries);
            var passages =
                from conversation in _conversations.Values
                where query.Owner is not { } owner || conversation.Owner == owner
                from message in conversation.Messages
                where message.Id != query.Excluding?.ToString()
                let score = words.Count(word => message.Content.Contains(word, StringComparison.OrdinalIgnoreCase))
                where score > 0
                orderby score descending
                select new Passage(conversation.Id, conversation.Owner, OperationId.Parse(message.Id), message.Role, message.Surface,
                    message.Timestamp, message.Content, score);
            return Task.FromResult<SearchOutcome>(new SearchOutcome.Ranked([.. passages.Take(query.Limit)]));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private QuestionOutcome StoreQuestion(QuestionDraft question)
    {
        if (Failure is { } failure)
            return new QuestionOutcome.NotCommitted(failure);
        if (_questions.TryGetValue((question.User, question.OperationId), out var known))
        {
            return known.Fingerprint == question.Fingerprint
                ? new QuestionOutcome.Known(known.Conversation.Id, known.Conversation.Owner, known.Reply)
                : new QuestionOutcome.FingerprintMismatch();
        }

        var id = question.ConversationId ?? GeneratedConversationId.Create(question.OperationId, question.User.ToString(), Now());
        if (Erased.Contains(id))
            return new QuestionOutcome.Erased(id);
        if (!_conversations.TryGetValue(Key(question.User, id), out var conversation))
            _conversations.Add(Key(question.User, id), conversation = new Conversation(id, question.User, []));
        var meta = new MessageMeta { FilePath = question.FilePath, Workspace = question.Workspace, OperationId = question.OperationId.ToString() };
        conversation.Messages.Add(Message(question.OperationId, MessageRole.User, question.Message, question.Surface.ToString(), question.ModeHint, meta));
        _questions.Add((question.User, question.OperationId), new Asked(conversation, question.Fingerprint, question.Surface.ToString()));
        QuestionsStored++;
        return new QuestionOutcome.Stored(id, conversation.Owner);
    }

    private ReadOutcome Read(ReadQuery query)
    {
        if (Erased.Contains(query.ConversationId))
            return new ReadOutcome.Erased();
        var found = query.Owner is { } owner
            ? _conversations.Where(entry => entry.Key == Key(owner, query.ConversationId)).ToArray()
            : [.. _conversations.Where(entry => entry.Key.Id == query.ConversationId)];
        if (found.Length != 1)
            return found.Length == 0 ? new ReadOutcome.NotFound() : new ReadOutcome.Ambiguous();
        var conversation = found[0].Value;
        var end = conversation.Messages.Count;
        if (query.Before is { } before)
            end = conversation.Messages.FindIndex(message => message.Id == before.ToString());
        if (end < 0)
            return new ReadOutcome.UnknownMessage();
        var start = Math.Max(0, end - query.Limit);
        return new ReadOutcome.Found(Document(conversation, conversation.Messages[start..end], start > 0));
    }

    private static ConversationDocument Document(Conversation conversation, IReadOnlyList<ConversationMessage> messages, bool truncated)
    {
        var summary = Summarise(conversation);
        return new ConversationDocument
        {
            Id = summary.Id,
            Topic = summary.Topic,
            Owner = summary.Owner,
            Surfaces = summary.Surfaces,
            Tags = [],
            Messages = messages,
            Artifacts = [],
            Meta = new ConversationMeta
            {
                CreatedAt = summary.CreatedAt,
                UpdatedAt = summary.UpdatedAt,
                Status = summary.Status,
                MessageCount = summary.MessageCount,
            },
            Truncated = truncated,
        };
    }

    private static ConversationSummary Summarise(Conversation conversation) => new()
    {
        Id = conversation.Id.ToString(),
        Topic = conversation.Messages[0].Content,
        Owner = conversation.Owner.ToString(),
        Surfaces = [.. conversation.Messages.Select(message => message.Surface).Distinct()],
        CreatedAt = conversation.Messages[0].Timestamp,
        UpdatedAt = conversation.Messages[^1].Timestamp,
        MessageCount = conversation.Messages.Count,
        Status = ConversationStatus.Active,
    };

    private ConversationMessage Message(OperationId id, string role, string content, string surface, string? mode, MessageMeta meta) => new()
    {
        Id = id.ToString(),
        Role = role,
        Content = content,
        Surface = surface,
        Mode = mode,
        Timestamp = Now(),
        Meta = meta,
    };

    private DateTimeOffset Now()
    {
        _lastCommit = time.GetUtcNow();
        return _lastCommit.Value;
    }

    private (string Owner, ConversationId Id) Key(UserId user, ConversationId id) =>
        (options.Namespace == StoreNamespace.Shared ? "" : user.ToString(), id);

    private sealed record Conversation(ConversationId Id, UserId Owner, List<ConversationMessage> Messages);

    private sealed record Asked(Conversation Conversation, string Fingerprint, string Surface)
    {
        public StoredReply? Reply { get; set; }
    }
}
