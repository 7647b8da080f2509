using ConversationHub.Contracts;
using ConversationHub.Store.Index;
using ConversationHub.Store.Reading;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Reads and lists conversations. Thread-safe.</summary>
internal sealed class PostgresReader(Database database)
{
    private const string SummaryColumns = "user_id, id, topic, title, status, surfaces, created_at, updated_at, message_count";

    private const string FindSql = $"""
        SELECT {SummaryColumns}, erased_by IS NOT NULL FROM maestra.conversations
        WHERE id = $1 AND ($2::text IS NULL OR user_id = $2) LIMIT 2
        """;

    // A page back from a message; that message's place is looked up in the same statement.
    private const string MessagesSql = """
        SELECT id, body::text FROM maestra.operations
        WHERE user_id = $1 AND conversation_id = $2 AND kind = 'message' AND NOT body ? 'erased'
            AND ($3::uuid IS NULL OR (hlc, id) < (SELECT hlc, id FROM maestra.operations
                WHERE user_id = $1 AND conversation_id = $2 AND kind = 'message' AND id = $3 ORDER BY hlc LIMIT 1))
        ORDER BY hlc DESC, id DESC LIMIT $4
        """;

    private const string PlacesSql = """
        SELECT hlc, id, pg_column_size(body) FROM maestra.operations
        WHERE user_id = $1 AND conversation_id = $2 AND kind = 'message' AND NOT body ? 'erased' ORDER BY hlc, id
        """;

    private const string IsMessageSql =
        "SELECT 1 FROM maestra.operations WHERE user_id = $1 AND conversation_id = $2 AND kind = 'message' AND id = $3";

    private const string FieldsSql = """
        SELECT hlc, origin, body::text FROM maestra.operations
        WHERE user_id = $1 AND conversation_id = $2 AND kind = 'field' AND NOT body ? 'erased'
        """;

    // sha256 of the owner as ListCursor has it; times compare to the microsecond, which is what they hold.
    private const string ListSql = $"""
        SELECT {SummaryColumns} FROM maestra.conversations
        WHERE erased_by IS NULL AND ($1::text IS NULL OR user_id = $1) AND ($2::text IS NULL OR $2 = ANY (surfaces))
            AND ($3::text IS NULL OR status = $3)
            AND ($4::timestamptz IS NULL OR updated_at < $4 OR (updated_at = $4
                AND (id, left(encode(sha256(convert_to(user_id, 'UTF8')), 'hex'), 8) COLLATE "C") > ($5, $6)))
        ORDER BY updated_at DESC, id, left(encode(sha256(convert_to(user_id, 'UTF8')), 'hex'), 8) COLLATE "C" LIMIT $7
        """;

    public async Task<ReadOutcome> ReadAsync(ReadQuery query, CancellationToken cancellationToken)
    {
        var (found, failure) = await FindAsync(query.Owner, query.ConversationId, cancellationToken).ConfigureAwait(false);
        if (failure is not null)
            return new ReadOutcome.Unavailable(failure);
        switch (found!)
        {
            case []:
                return new ReadOutcome.NotFound();
            case [_, _]:
                return new ReadOutcome.Ambiguous();
            case [{ IsErased: true }]:
                return new ReadOutcome.Erased();
            default:
                return await ReadMessagesAsync(found![0].Summary, query, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>At most two: one is the conversation, two are an ambiguity.</returns>
    public Task<(IReadOnlyList<FoundConversation>? Value, StoreFailure? Failure)> FindAsync(
        UserId? owner, ConversationId id, CancellationToken cancellationToken) => database.QueryAsync<IReadOnlyList<FoundConversation>>(
        FindSql,
        parameters =>
        {
            parameters.Text(id.ToString());
            parameters.Text(owner?.ToString());
        },
        static reader => reader.All(static row => new FoundConversation(PostgresRows.Summary(row), row.GetBoolean(9))),
        cancellationToken);

    /// <summary>Title, status, tags and artifacts of a conversation that was found.</summary>
    public Task<(FieldSet? Value, StoreFailure? Failure)> FieldsAsync(ConversationSummary summary, CancellationToken cancellationToken) =>
        database.QueryAsync(FieldsSql, parameters => Key(parameters, summary), ReadFields, cancellationToken);

    public async Task<ListOutcome> ListAsync(ListQuery query, CancellationToken cancellationToken)
    {
        ListCursor? cursor = null;
        if (query.Cursor is { } text && ((cursor = ListCursor.TryParse(text)) is null || !IsTime(cursor.UpdatedTicks)))
            return new ListOutcome.BadCursor();
        var (rows, failure) = await database.QueryAsync(
            ListSql,
            parameters =>
            {
                parameters.Text(query.Owner?.ToString());
                parameters.Text(query.Surface?.ToString());
                parameters.Text(query.Status);
                parameters.Time(cursor is null ? null : new DateTimeOffset(cursor.UpdatedTicks, TimeSpan.Zero));
                parameters.Text(cursor?.Id);
                parameters.Text(cursor?.OwnerTag);
                parameters.Number(query.Limit + 1);
            },
            static reader => reader.All(PostgresRows.Summary),
            cancellationToken).ConfigureAwait(false);
        if (failure is not null)
            return new ListOutcome.Unavailable(failure);
        var more = rows!.Count > query.Limit;
        if (more)
            rows.RemoveAt(query.Limit);
        return new ListOutcome.Listed(new ConversationPage
        {
            Conversations = rows,
            NextCursor = more ? new ListCursor(rows[^1].UpdatedAt.UtcTicks, rows[^1].Id, ListCursor.TagOf(rows[^1].Owner)).ToString() : null,
        });
    }

    private static bool IsTime(long ticks) => ticks >= 0 && ticks <= DateTimeOffset.MaxValue.UtcTicks;

    /// <summary>For an export: however long the conversation is, some of its messages are in memory at a time.</summary>
    private async Task<ReadOutcome> ReadWholeAsync(ConversationSummary summary, CancellationToken cancellationToken)
    {
        var (places, failure) = await database.QueryAsync(
            PlacesSql, parameters => Key(parameters, summary), static reader => reader.All(MessagePlace.Of), cancellationToken,
            PostgresLimits.LongestExportPart).ConfigureAwait(false);
        if (places is null)
            return new ReadOutcome.Unavailable(failure!);
        var (fields, lost) = await FieldsAsync(summary, cancellationToken).ConfigureAwait(false);
        return fields is null
            ? new ReadOutcome.Unavailable(lost!)
            : new ReadOutcome.Found(ToDocument(summary, fields, new PostgresMessages(database, summary, places), truncated: false));
    }

    private async Task<ReadOutcome> ReadMessagesAsync(ConversationSummary summary, ReadQuery query, CancellationToken cancellationToken)
    {
        if (query is { Limit: ReadQuery.AllMessages, Before: null })
            return await ReadWholeAsync(summary, cancellationToken).ConfigureAwait(false);
        if (query.Before is { } before)
        {
            var (known, unreachable) = await database.QueryAsync(
                IsMessageSql,
                parameters =>
                {
                    Key(parameters, summary);
                    parameters.Id(before.Value);
                },
                static reader => reader.All(static row => row.GetInt32(0)),
                cancellationToken).ConfigureAwait(false);
            if (unreachable is not null)
                return new ReadOutcome.Unavailable(unreachable);
            if (known!.Count == 0)
                return new ReadOutcome.UnknownMessage();
        }

        var (messages, failure) = await database.QueryAsync(
            MessagesSql,
            parameters =>
            {
                Key(parameters, summary);
                parameters.IdOrNull(query.Before?.Value);
                parameters.Number(Math.Min(query.Limit, int.MaxValue - 1) + 1L);
            },
            static reader => reader.All(PostgresRows.Message),
            cancellationToken).ConfigureAwait(false);
        if (failure is not null)
            return new ReadOutcome.Unavailable(failure);
        var (fields, lost) = await FieldsAsync(summary, cancellationToken).ConfigureAwait(false);
        if (lost is not null)
            return new ReadOutcome.Unavailable(lost);
        var truncated = messages!.Count > query.Limit;
        if (truncated)
            messages.RemoveAt(query.Limit);
        messages.Reverse();
        return new ReadOutcome.Found(ToDocument(summary, fields!, messages, truncated));
    }

    private static void Key(NpgsqlParameterCollection parameters, ConversationSummary summary)
    {
        parameters.Text(summary.Owner);
        parameters.Text(summary.Id);
    }

    private static FieldSet ReadFields(NpgsqlDataReader reader)
    {
        var fields = new FieldSet();
        foreach (var (name, value) in reader.All(PostgresRows.Field))
            fields.Merge(name, value);
        return fields;
    }

    private static ConversationDocument ToDocument(
        ConversationSummary summary, FieldSet fields, IReadOnlyList<ConversationMessage> messages, bool truncated) => new()
        {
            Id = summary.Id,
            Topic = summary.Topic,
            Owner = summary.Owner,
            Surfaces = summary.Surfaces,
            Tags = fields.Tags,
            Messages = messages,
            Artifacts = fields.Artifacts,
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

/// <summary>A conversation of an id, erased ones included.</summary>
internal sealed record FoundConversation(ConversationSummary Summary, bool IsErased);
