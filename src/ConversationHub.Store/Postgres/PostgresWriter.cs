using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Conversations;
using ConversationHub.Store.Search;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Questions and replies: one call of a function of the database each, which is one transaction. Thread-safe.</summary>
internal sealed class PostgresWriter(Database database, StatusBoard board, string backendId, PostgresOrigins origins, TimeProvider time, IdSource ids)
{
    private const string QuestionSql = $"""
        SELECT maestra.store_question($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12), {PostgresSyncReader.IsKept}
        FROM (SELECT $2 AS user_id, $3 AS conversation_id) AS o
        """;

    private const string ReplySql = "SELECT maestra.store_reply($1, $2, $3, $4, $5, $6, $7::jsonb, $8)";

    // What is held back because its clock is ahead counts too, after what is shown: a repeat of it must not run twice in silence.
    private const string FindSql = $"""
        SELECT o.conversation_id, o.kind, o.body::text, r.id, r.body::text, o.ahead, {PostgresSyncReader.IsKept} FROM (
            SELECT id, user_id, conversation_id, kind, body, hlc, origin, false AS ahead FROM maestra.operations WHERE user_id = $1 AND id = $2
            UNION ALL
            SELECT id, user_id, conversation_id, kind, body, hlc, origin, true FROM maestra.held WHERE user_id = $1 AND id = $2 AND why = 'ahead') AS o
        LEFT JOIN LATERAL (
            SELECT id, body FROM (
                SELECT id, body, hlc, false AS ahead FROM maestra.operations WHERE user_id = $1 AND question = o.id AND NOT body ? 'erased'
                UNION ALL
                SELECT id, body, hlc, true FROM maestra.held WHERE user_id = $1 AND question = o.id AND why = 'ahead' AND NOT body ? 'erased') AS replies
            ORDER BY ahead, hlc, id LIMIT 1) AS r ON true
        ORDER BY o.ahead, o.hlc, o.origin LIMIT 1
        """;

    public async Task<QuestionOutcome> StoreAsync(QuestionDraft question)
    {
        var (known, failure) = await FindAsync(question.User, question.OperationId).ConfigureAwait(false);
        if (failure is not null)
            return new QuestionOutcome.NotCommitted(failure);
        var recognised = known!.IsThere ? Recognise(known, question) : null;
        var isResumed = known.IsHeldBack && recognised is QuestionOutcome.Known { Reply: null };

        // Held back without a reply: stored once more here, so that a reply has something to belong to; of two copies the earlier is shown.
        if (recognised is not null && !isResumed)
            return recognised;
        var at = Now();
        var body = new MessageBody
        {
            Role = MessageRole.User,
            Content = question.Message,
            Surface = question.Surface.ToString(),
            Mode = question.ModeHint,
            Timestamp = at,
            Meta = new MessageMeta { FilePath = question.FilePath, Workspace = question.Workspace, OperationId = question.OperationId.ToString() },
            Fingerprint = question.Fingerprint,
        };
        for (var attempt = 0; attempt < GeneratedConversationId.MaxAttempts; attempt++)
        {
            var id = known.ConversationId ?? question.ConversationId ?? GeneratedConversationId.Create(question.OperationId, question.User.ToString(), at, attempt);
            var (answer, refused) = await InsertAsync(question, id, mustBeNew: known.ConversationId is null && question.ConversationId is null, body).ConfigureAwait(false);
            if (refused is not null)
                return new QuestionOutcome.NotCommitted(refused);
            if (answer!.Text == "taken")
                continue;
            return answer.Text switch
            {
                "stored" when isResumed => Resumed(recognised!),
                "stored" => Stored(id, question.User, answer.IsKept),
                "erased" => new QuestionOutcome.Erased(id),
                "full" => new QuestionOutcome.ConversationFull(id),
                _ => await RecogniseAsync(question).ConfigureAwait(false),
            };
        }

        return new QuestionOutcome.NotCommitted(new StoreFailure(StoreFailureKind.Unavailable, "No conversation id is free for this question; name one."));
    }

    public async Task<ReplyOutcome> StoreAsync(ReplyDraft reply)
    {
        var (question, failure) = await FindAsync(reply.User, reply.QuestionId).ConfigureAwait(false);
        if (failure is not null)
            return new ReplyOutcome.NotCommitted(failure);
        if (Answered(question!) is { } known)
            return known;
        var body = new MessageBody
        {
            Role = MessageRole.Assistant,
            Content = reply.Content,
            Surface = question!.Message!.Surface,
            Mode = reply.Mode,
            Timestamp = Now(),
            Meta = reply.Meta with { OperationId = reply.QuestionId.ToString(), BackendId = backendId },
        };
        var id = ids.NewOperationId();
        var (answer, refused) = await InsertAsync(reply, id, body).ConfigureAwait(false);
        if (refused is not null)
            return new ReplyOutcome.NotCommitted(refused);
        switch (answer)
        {
            case "stored":
                board.Committed(board.Current.Conversations, time.GetUtcNow());
                return new ReplyOutcome.Stored(new StoredReply(id, body.Content, reply.Mode, body.Timestamp, body.Meta));
            case "erased":
                return new ReplyOutcome.Erased();
            case "unknown":
                return new ReplyOutcome.UnknownQuestion();
            default:
                // There is one, perhaps this very one from a first try whose answer was lost.
                var (again, lost) = await FindAsync(reply.User, reply.QuestionId).ConfigureAwait(false);
                return lost is not null
                    ? new ReplyOutcome.NotCommitted(lost with { Kind = StoreFailureKind.OutcomeUnknown })
                    : Answered(again!) ?? throw new InvalidOperationException("A reply that exists was not found.");
        }
    }

    private DateTimeOffset Now() => WireTime.Truncate(time.GetUtcNow());

    private string Origin(UserId user) => origins.Own(user.ToString());

    private long Clock() => (long)HybridTimestamp.Create(time.GetUtcNow().ToUnixTimeMilliseconds(), 0).Value;

    private QuestionOutcome.Stored Stored(ConversationId id, UserId owner, bool isKept)
    {
        board.Committed(board.Current.Conversations, time.GetUtcNow());
        return new QuestionOutcome.Stored(id, owner) { IsKeptHere = isKept };
    }

    private QuestionOutcome Resumed(QuestionOutcome known)
    {
        board.Committed(board.Current.Conversations, time.GetUtcNow());
        return known;
    }

    private Task<(QuestionAnswer? Value, StoreFailure? Failure)> InsertAsync(QuestionDraft question, ConversationId id, bool mustBeNew, MessageBody body) => database.QueryAsync(
        QuestionSql,
        parameters =>
        {
            parameters.Text(Origin(question.User));
            parameters.Text(question.User.ToString());
            parameters.Text(id.ToString());
            parameters.Flag(mustBeNew);
            parameters.Id(question.OperationId.Value);
            parameters.Number(Clock());
            parameters.Time(body.Timestamp);
            parameters.Text(body.Surface);
            parameters.Text(Topic.Of(title: null, body));
            parameters.Text(JsonSerializer.Serialize(body, MaestraJson.Compact.MessageBody));
            parameters.Texts(Terms(body));
            parameters.Number(WireLimits.MessagesPerConversation);
        },
        static reader => reader.Read() ? new QuestionAnswer(reader.GetString(0), reader.GetBoolean(1)) : throw new InvalidOperationException("No row."),
        CancellationToken.None,
        isWrite: true,
        isRecognised: true);

    private Task<(string? Value, StoreFailure? Failure)> InsertAsync(ReplyDraft reply, OperationId id, MessageBody body) => database.QueryAsync(
        ReplySql,
        parameters =>
        {
            parameters.Text(Origin(reply.User));
            parameters.Text(reply.User.ToString());
            parameters.Id(reply.QuestionId.Value);
            parameters.Id(id.Value);
            parameters.Number(Clock());
            parameters.Time(body.Timestamp);
            parameters.Text(JsonSerializer.Serialize(body, MaestraJson.Compact.MessageBody));
            parameters.Texts(Terms(body));
        },
        Scalar,
        CancellationToken.None,
        isWrite: true);

    private static string[] Terms(MessageBody body) => [.. SearchPolicy.TermsOf(body).Counts.Keys];

    private static string Scalar(NpgsqlDataReader reader) => reader.Read() ? reader.GetString(0) : throw new InvalidOperationException("No row.");

    private Task<(FoundOperation? Value, StoreFailure? Failure)> FindAsync(UserId user, OperationId id) => database.QueryAsync(
        FindSql,
        parameters =>
        {
            parameters.Text(user.ToString());
            parameters.Id(id.Value);
        },
        FoundOperation.Read,
        CancellationToken.None);

    private async Task<QuestionOutcome> RecogniseAsync(QuestionDraft question)
    {
        var (known, failure) = await FindAsync(question.User, question.OperationId).ConfigureAwait(false);
        return failure is not null ? new QuestionOutcome.NotCommitted(failure) : Recognise(known!, question);
    }

    private static QuestionOutcome Recognise(FoundOperation known, QuestionDraft question)
    {
        if (known.ConversationId is not { } id)
            return new QuestionOutcome.FingerprintMismatch();
        if (known.IsErased)
            return new QuestionOutcome.Erased(id);
        return known.Message is { Role: MessageRole.User } message && message.Fingerprint == question.Fingerprint
            ? new QuestionOutcome.Known(id, question.User, known.Reply) { IsKeptHere = known.IsKept }
            : new QuestionOutcome.FingerprintMismatch();
    }

    /// <returns>Null when the question is there and waits for its reply.</returns>
    private static ReplyOutcome? Answered(FoundOperation question)
    {
        if (question.IsErased)
            return new ReplyOutcome.Erased();
        if (question.Message is not { Role: MessageRole.User })
            return new ReplyOutcome.UnknownQuestion();
        return question.Reply is { } reply ? new ReplyOutcome.AlreadyAnswered(reply) : null;
    }

    private sealed record QuestionAnswer(string Text, bool IsKept);
}
