using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>The erasures of the database, which every replica looks through for itself, and which of them an audit has accounted for. Thread-safe.</summary>
internal sealed class PostgresErasures(Database database)
{
    private const int MaxClaimed = 1000;

    // What is yet to commit has a transaction that is not before the horizon, so nothing is ever passed over. Transactions are numbered by their
    // cluster, and again by each database that is put back to an earlier state: a place of another one says nothing here.
    private const string ReadSql = """
        WITH seen AS (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS horizon, pg_snapshot_xmax(pg_current_snapshot()) AS next,
            coalesce((SELECT store_id FROM maestra.store), '') || '/' || maestra.store_place() AS numbering)
        SELECT seen.numbering || ' ' || seen.horizon::text, e.id, e.user_id, e.conversation_id, e.hlc FROM seen LEFT JOIN maestra.erased e
            ON e.xid >= CASE WHEN $1::text <> seen.numbering OR $2::text::xid8 > seen.next THEN '0'::xid8 ELSE $2::text::xid8 END
        ORDER BY e.xid, e.id
        """;

    private const string AccountSql = "UPDATE maestra.erased SET is_accounted = true WHERE user_id = $1 AND id = $2";

    // A look notes what it sees, and what was seen a minute before is due: a transaction that erases may last for half an hour, so that the time
    // it noted says nothing of how long others could know of it. What is a month old goes on the way.
    private const string ClaimSql = """
        WITH old AS (DELETE FROM maestra.erased WHERE noted_at < clock_timestamp() - interval '30 days'),
        seen AS (UPDATE maestra.erased SET seen_at = clock_timestamp() WHERE NOT is_accounted AND seen_at IS NULL),
        due AS (SELECT user_id, id FROM maestra.erased WHERE NOT is_accounted AND noted_at > clock_timestamp() - interval '29 days' AND seen_at < clock_timestamp() - $1
            AND (claimed_at IS NULL OR claimed_at < clock_timestamp() - $1) ORDER BY noted_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        UPDATE maestra.erased e SET claimed_at = clock_timestamp() FROM due WHERE e.user_id = due.user_id AND e.id = due.id
        RETURNING e.id, e.user_id, e.conversation_id, e.hlc
        """;

    public async Task<(ErasurePage? Page, StoreFailure? Failure)> ReadAsync(string? after, CancellationToken cancellationToken)
    {
        var (numbering, from) = after?.Split(' ') is [var named, var number] && ulong.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var place)
            ? (named, place)
            : ("", 0UL);
        var (rows, failure) = await database.QueryAsync(
            ReadSql,
            parameters =>
            {
                parameters.Text(numbering);
                parameters.Text(from.ToString(CultureInfo.InvariantCulture));
            },
            static reader => reader.All(static row => (Place: row.GetString(0), Erasure: row.IsDBNull(1) ? null : Erasure(row, 1))),
            cancellationToken).ConfigureAwait(false);
        return failure is not null
            ? (null, failure)
            : (new ErasurePage([.. rows!.Select(static row => row.Erasure).OfType<StoredErasure>()], rows![0].Place), null);
    }

    public async Task<StoreFailure?> AccountAsync(UserId user, OperationId erasure, CancellationToken cancellationToken)
    {
        var (_, failure) = await database.QueryAsync(
            AccountSql,
            parameters =>
            {
                parameters.Text(user.ToString());
                parameters.Id(erasure.Value);
            },
            static _ => "",
            cancellationToken).ConfigureAwait(false);
        return failure;
    }

    public async Task<(IReadOnlyList<StoredErasure>? Claimed, StoreFailure? Failure)> ClaimAsync(CancellationToken cancellationToken) => await database.QueryAsync(
        ClaimSql,
        static parameters =>
        {
            parameters.Span(ErasureTimes.AccountedWithin);
            parameters.Number(MaxClaimed);
        },
        static reader => reader.All(static row => Erasure(row, 0)),
        cancellationToken).ConfigureAwait(false);

    /// <summary>Columns from there on: id, user_id, conversation_id, hlc.</summary>
    private static StoredErasure Erasure(NpgsqlDataReader row, int first) => new(
        new OperationId(row.GetGuid(first)),
        UserId.Parse(row.GetString(first + 1)),
        row.TextOrNull(first + 2) is { } id ? ConversationId.Parse(id) : null,
        DateTimeOffset.FromUnixTimeMilliseconds(new HybridTimestamp((ulong)row.GetInt64(first + 3)).UnixMilliseconds));
}
