using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Postgres;

/// <summary>Retention of the hosted store: one row is its clock, and whoever of the replicas takes that row first does the round. Thread-safe.</summary>
internal sealed class PostgresRetention(Database database, PostgresArchive archive, PostgresOrigins origins, TimeProvider time, IdSource ids)
{
    /// <summary>Rounds of one replica are this far apart by its own timer, which is never exact.</summary>
    private static readonly TimeSpan ClaimedFor = RetentionClock.RoundEvery * 0.9;

    // A claim from a time that is yet to come is of a clock that was set back since.
    private const string ClaimSql = """
        INSERT INTO maestra.retention (trusted_at, began_at, claimed_at)
        SELECT begun, begun, $1 FROM (SELECT least($1, coalesce(max(updated_at) + $3, $1)) AS begun FROM maestra.conversations WHERE erased_by IS NULL) AS newest
        ON CONFLICT (only_row) DO UPDATE SET claimed_at = $1
        WHERE retention.claimed_at <= $1 - $2 OR retention.claimed_at > $1
        RETURNING trusted_at, began_at
        """;

    private const string SaveSql = "UPDATE maestra.retention SET trusted_at = $1, began_at = $2";

    // Users of whom a place has come since are left out as a whole first: each of their conversations would be looked at in every round.
    private const string FindSql = """
        SELECT user_id, id FROM maestra.conversations c WHERE erased_by IS NULL AND updated_at < $1 AND user_id <> ALL ($4)
            AND user_id <> ALL (ARRAY(SELECT DISTINCT user_id FROM maestra.held WHERE conversation_id IS NULL AND kind <> 'erase' AND hlc >= $2))
            AND NOT maestra.touched_since(c.user_id, c.id, $2) ORDER BY updated_at LIMIT $3
        """;

    private const string EraseSql = "SELECT maestra.erase_untouched($1, $2, $3, $4, $5, $6::jsonb, $7, $8)::text";

    public async Task<(RetentionClock? Clock, StoreFailure? Failure)> AdvanceAsync(TimeSpan elapsed, CancellationToken cancellationToken)
    {
        var wall = time.GetUtcNow();
        var (claimed, failure) = await database.QueryAsync(
            ClaimSql,
            parameters =>
            {
                parameters.Time(wall);
                parameters.Span(ClaimedFor);
                parameters.Span(RetentionClock.HeldBeyond);
            },
            static reader => reader.All(static row => new RetentionClock(row.Time(0), row.Time(1))),
            cancellationToken).ConfigureAwait(false);
        if (failure is not null || claimed!.Count == 0)
            return (null, failure);
        var clock = claimed[0].Advance(wall, elapsed);
        var (_, lost) = await database.QueryAsync(
            SaveSql,
            parameters =>
            {
                parameters.Time(clock.Trusted);
                parameters.Time(clock.Began);
            },
            static reader => reader,
            cancellationToken).ConfigureAwait(false);
        return lost is null ? (clock, null) : (null, lost);
    }

    public async Task<(IReadOnlyList<UntouchedConversation>? Found, StoreFailure? Failure)> FindAsync(
        DateTimeOffset before, int limit, IReadOnlySet<string> heldUsers, CancellationToken cancellationToken) => await database.QueryAsync(
        FindSql,
        parameters =>
        {
            parameters.Time(before);
            parameters.Number(FirstClock(before));
            parameters.Number(limit);
            parameters.Texts([.. heldUsers]);
        },
        static reader => reader.All(static row => new UntouchedConversation(UserId.Parse(row.GetString(0)), ConversationId.Parse(row.GetString(1)))),
        cancellationToken,
        PostgresLimits.LongestRetentionLook).ConfigureAwait(false);

    public async Task<EraseOutcome> EraseAsync(UntouchedConversation conversation, DateTimeOffset before)
    {
        var now = time.GetUtcNow();
        var (answer, failure) = await database.QueryAsync(
            EraseSql,
            parameters =>
            {
                parameters.Text(origins.Own(conversation.Owner.ToString()));
                parameters.Text(conversation.Owner.ToString());
                parameters.Text(conversation.Id.ToString());
                parameters.Id(ids.NewOperationId().Value);
                parameters.Number((long)HybridTimestamp.Create(now.ToUnixTimeMilliseconds(), 0).Value);
                parameters.Text(JsonSerializer.Serialize(new EraseBody { Scope = "conversation", Timestamp = WireTime.Truncate(now) }, MaestraJson.Compact.EraseBody));
                parameters.Time(before);
                parameters.Number(FirstClock(before));
            },
            static reader => reader.All(static row => row.GetString(0)),
            CancellationToken.None,
            PostgresLimits.LongestErasure,
            isWrite: true).ConfigureAwait(false);
        if (failure is not null)
            return new EraseOutcome.NotCommitted(failure);

        // Erased already: again gives the receipt.
        return answer![0] == "erased"
            ? await archive.EraseConversationAsync(conversation.Owner, conversation.Id).ConfigureAwait(false)
            : new EraseOutcome.NotFound();
    }

    private static long FirstClock(DateTimeOffset at) => (long)HybridTimestamp.Create(at.ToUnixTimeMilliseconds(), 0).Value;
}
