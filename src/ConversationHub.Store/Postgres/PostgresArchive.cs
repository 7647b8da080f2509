using System.Runtime.CompilerServices;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Conversations;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Fields, erasures and exports. Thread-safe.</summary>
internal sealed class PostgresArchive(
    Database database, PostgresReader reader, PostgresOrigins origins, TimeProvider time, IdSource ids)
{
    private const int ExportPageConversations = 200;

    // One statement is one transaction: the fields of a change become durable together, in their order.
    private const string FieldsSql = """
        SELECT maestra.store_field($1, $2, $3, field.id, $5, $6, field.body::jsonb)
        FROM unnest($4::uuid[], $7::text[]) WITH ORDINALITY AS field (id, body, position) ORDER BY field.position
        """;

    private const string EraseSql = "SELECT maestra.erase_conversation($1, $2, $3, $4, $5, $6::jsonb)::text";

    // Of what is held back without being shown: there is no row of it.
    private const string HeldSql = """
        SELECT DISTINCT user_id FROM maestra.held WHERE conversation_id = $1 AND ($2::text IS NULL OR user_id = $2) LIMIT 2
        """;

    private const string EraseUserSql = "SELECT maestra.erase_user($1, $2, $3, $4, $5::jsonb)::text";

    private const string ReceiptSql = """
        SELECT erased_by, (SELECT count(DISTINCT id)::integer FROM maestra.operations
            WHERE user_id = $1 AND conversation_id = $2 AND kind = 'message')
        FROM maestra.conversations WHERE user_id = $1 AND id = $2
        """;

    private const string ExportSql = """
        SELECT user_id, id FROM maestra.conversations
        WHERE erased_by IS NULL AND ($1::text IS NULL OR user_id = $1) AND (id, user_id) > ($2, $3) ORDER BY id, user_id LIMIT $4
        """;

    public async Task<ChangeOutcome> ChangeAsync(ConversationChange change)
    {
        var (found, failure) = await reader.FindAsync(change.Owner, change.ConversationId, CancellationToken.None).ConfigureAwait(false);
        if (failure is not null)
            return new ChangeOutcome.NotCommitted(failure);
        switch (found!)
        {
            case []:
                return new ChangeOutcome.NotFound();
            case [_, _]:
                return new ChangeOutcome.Ambiguous();
            case [{ IsErased: true }]:
                return new ChangeOutcome.Erased();
        }

        var owner = found![0].Summary.Owner;
        if (!change.IsEmpty)
        {
            var (answers, refused) = await SetAsync(owner, change.ConversationId, FieldNames.Of(change, Now())).ConfigureAwait(false);
            if (refused is not null)
                return new ChangeOutcome.NotCommitted(refused);
            if (answers!.Contains("erased"))
                return new ChangeOutcome.Erased();
        }

        var (changed, lost) = await reader.FindAsync(UserId.Parse(owner), change.ConversationId, CancellationToken.None).ConfigureAwait(false);
        if (lost is not null)
            return new ChangeOutcome.NotCommitted(lost);
        var (fields, unread) = await reader.FieldsAsync(changed![0].Summary, CancellationToken.None).ConfigureAwait(false);
        return unread is not null ? new ChangeOutcome.NotCommitted(unread) : new ChangeOutcome.Changed(changed[0].Summary with { Tags = fields!.Tags });
    }

    public async Task<EraseOutcome> EraseConversationAsync(UserId? owner, ConversationId id)
    {
        var (owners, failure) = await FindOwnersAsync(owner, id).ConfigureAwait(false);
        if (failure is not null)
            return new EraseOutcome.NotCommitted(failure);
        if (owners!.Count != 1)
            return owners.Count == 0 ? new EraseOutcome.NotFound() : new EraseOutcome.Ambiguous();
        var user = owners[0];
        var (_, refused) = await database.QueryAsync(
            EraseSql,
            parameters =>
            {
                Head(parameters, user);
                parameters.Text(id.ToString());
                parameters.Id(ids.NewOperationId().Value);
                parameters.Number(Clock());
                parameters.Text(EraseJson("conversation"));
            },
            static row => row,
            CancellationToken.None,
            PostgresLimits.LongestErasure,
            isWrite: true).ConfigureAwait(false);
        if (refused is not null)
            return new EraseOutcome.NotCommitted(refused);
        var (receipt, lost) = await database.QueryAsync(
            ReceiptSql,
            parameters =>
            {
                parameters.Text(user);
                parameters.Text(id.ToString());
            },
            row => row.All(one => new EraseOutcome.Erased(id, UserId.Parse(user), new OperationId(one.GetGuid(0)), one.GetInt32(1))),
            CancellationToken.None).ConfigureAwait(false);
        return lost is not null ? new EraseOutcome.NotCommitted(lost) : receipt![0];
    }

    /// <returns>At most two of those who have a conversation of that id, be it only held back.</returns>
    private async Task<(IReadOnlyList<string>? Value, StoreFailure? Failure)> FindOwnersAsync(UserId? owner, ConversationId id)
    {
        var (found, failure) = await reader.FindAsync(owner, id, CancellationToken.None).ConfigureAwait(false);
        if (failure is not null || found!.Count > 0)
            return (found?.Select(static one => one.Summary.Owner).ToArray(), failure);
        return await database.QueryAsync<IReadOnlyList<string>>(
            HeldSql,
            parameters =>
            {
                parameters.Text(id.ToString());
                parameters.Text(owner?.ToString());
            },
            static row => row.All(static one => one.GetString(0)),
            CancellationToken.None).ConfigureAwait(false);
    }

    public async Task<EraseUserOutcome> EraseUserAsync(UserId user)
    {
        var operation = ids.NewOperationId();
        var (count, failure) = await database.QueryAsync(
            EraseUserSql,
            parameters =>
            {
                Head(parameters, user.ToString());
                parameters.Id(operation.Value);
                parameters.Number(Clock());
                parameters.Text(EraseJson("user"));
            },
            static row => row.All(static one => one.GetString(0)),
            CancellationToken.None,
            PostgresLimits.LongestErasure,
            isWrite: true).ConfigureAwait(false);
        return failure is not null
            ? new EraseUserOutcome.NotCommitted(failure)
            : new EraseUserOutcome.Erased(user, operation, int.Parse(count![0], System.Globalization.CultureInfo.InvariantCulture));
    }

    public async IAsyncEnumerable<ReadOutcome> ExportAsync(UserId? owner, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = (Owner: "", Id: "");
        while (true)
        {
            var (page, failure) = await PageAsync(owner, after, cancellationToken).ConfigureAwait(false);
            if (failure is not null)
            {
                yield return new ReadOutcome.Unavailable(failure);
                yield break;
            }

            foreach (var one in page!)
            {
                var query = new ReadQuery
                {
                    Owner = UserId.Parse(one.Owner),
                    ConversationId = ConversationId.Parse(one.Id),
                    Limit = ReadQuery.AllMessages,
                };
                if (await reader.ReadAsync(query, cancellationToken).ConfigureAwait(false) is var outcome and not ReadOutcome.Erased)
                    yield return outcome;
            }

            if (page.Count < ExportPageConversations)
                yield break;
            after = page[^1];
        }
    }

    private Task<(List<string>? Value, StoreFailure? Failure)> SetAsync(string owner, ConversationId id, IReadOnlyList<FieldBody> fields) => database.QueryAsync(
        FieldsSql,
        parameters =>
        {
            Head(parameters, owner);
            parameters.Text(id.ToString());
            parameters.Texts([.. fields.Select(_ => ids.NewOperationId().ToString())]);
            parameters.Number(Clock());
            parameters.Time(fields[0].Timestamp);
            parameters.Texts([.. fields.Select(static field => JsonSerializer.Serialize(field, MaestraJson.Compact.FieldBody))]);
        },
        static row => row.All(static one => one.GetString(0)),
        CancellationToken.None,
        isWrite: true);

    private Task<(List<(string Owner, string Id)>? Value, StoreFailure? Failure)> PageAsync(
        UserId? owner, (string Owner, string Id) after, CancellationToken cancellationToken) => database.QueryAsync(
        ExportSql,
        parameters =>
        {
            parameters.Text(owner?.ToString());
            parameters.Text(after.Id);
            parameters.Text(after.Owner);
            parameters.Number(ExportPageConversations);
        },
        static row => row.All(static one => (Owner: one.GetString(0), Id: one.GetString(1))),
        cancellationToken);

    private void Head(NpgsqlParameterCollection parameters, string user)
    {
        parameters.Text(origins.Own(user));
        parameters.Text(user);
    }

    private DateTimeOffset Now() => WireTime.Truncate(time.GetUtcNow());

    private long Clock() => (long)HybridTimestamp.Create(time.GetUtcNow().ToUnixTimeMilliseconds(), 0).Value;

    private string EraseJson(string scope) =>
        JsonSerializer.Serialize(new EraseBody { Scope = scope, Timestamp = Now() }, MaestraJson.Compact.EraseBody);
}
