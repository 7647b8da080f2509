using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Log;
using ConversationHub.Store.Sync;
using Npgsql;
using NpgsqlTypes;

namespace ConversationHub.Store.Postgres;

/// <summary>Finds what a peer lacks. Thread-safe.</summary>
internal sealed class PostgresSyncReader(Database database)
{
    private const string VectorSql =
        "SELECT origin, last_seq FROM maestra.heads WHERE last_seq > 0 AND ($1::text[] IS NULL OR user_id = ANY ($1))";

    /// <summary>Whether the conversation of <c>o</c> is kept here.</summary>
    public const string IsKept = """
        coalesce((SELECT f.body -> 'value' = 'true'::jsonb FROM maestra.operations f
            WHERE f.user_id = o.user_id AND f.conversation_id = o.conversation_id AND f.kind = 'field' AND f.body ->> 'name' = 'tag:local_only'
            ORDER BY f.hlc DESC, f.origin COLLATE "C" DESC LIMIT 1), false)
        """;

    private const string Columns = $"o.origin, o.seq, o.id, o.user_id, o.conversation_id, o.kind, o.hlc, o.body::text, {IsKept}";

    private const string Streams = """
        WITH peer AS (SELECT * FROM unnest($2::text[], $3::bigint[]) AS p(origin, seq)),
        streams AS (SELECT h.origin, h.last_seq, coalesce(p.seq, 0) AS from_seq FROM maestra.heads h LEFT JOIN peer p USING (origin)
            WHERE $1::text[] IS NULL OR h.user_id = ANY ($1))
        """;

    private const string ErasuresSql = $"""
        {Streams}
        SELECT {Columns} FROM streams s JOIN maestra.operations o ON o.origin = s.origin AND o.seq > s.from_seq AND o.kind = 'erase'
        ORDER BY o.origin COLLATE "C", o.seq LIMIT $4
        """;

    private const string ContentSql = $"""
        {Streams}
        SELECT {Columns} FROM streams s CROSS JOIN LATERAL (
            SELECT origin, seq, id, user_id, conversation_id, kind, hlc, body FROM maestra.operations
            WHERE origin = s.origin AND seq > s.from_seq AND seq <= s.last_seq
            UNION ALL
            SELECT origin, seq, id, user_id, conversation_id, kind, hlc, body FROM maestra.held
            WHERE origin = s.origin AND seq > s.from_seq AND seq <= s.last_seq
            ORDER BY seq LIMIT $4) AS o
        WHERE s.last_seq > s.from_seq ORDER BY o.origin COLLATE "C", o.seq LIMIT $4
        """;

    public async Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> VectorAsync(SyncScope scope, CancellationToken cancellationToken)
    {
        var (rows, failure) = await database.QueryAsync(
            VectorSql,
            parameters => parameters.Texts(scope.Users?.ToArray()),
            static reader => reader.All(static row => (Origin: row.GetString(0), Seq: row.GetInt64(1))),
            cancellationToken).ConfigureAwait(false);
        return (rows?.ToDictionary(static row => row.Origin, static row => row.Seq, StringComparer.Ordinal), failure);
    }

    public async Task<(SyncBatch? Batch, StoreFailure? Failure)> MissingAsync(
        SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken)
    {
        var picker = new BatchPicker();
        var (erasures, failure) = await database.QueryAsync(
            ErasuresSql, parameters => Bind(parameters, scope, have, SyncLimits.EarlyErasures), picker.Take, cancellationToken).ConfigureAwait(false);
        if (erasures is null)
            return (null, failure);
        var from = new Dictionary<string, long>(have, StringComparer.Ordinal);
        while (true)
        {
            var rows = picker.RowsToRead;
            var before = picker.RowsRead;
            var (_, lost) = await database.QueryAsync(
                ContentSql, parameters => Bind(parameters, scope, from, rows), reader => picker.TakeInTurn(reader, from), cancellationToken).ConfigureAwait(false);
            if (lost is not null)
                return (null, lost);
            if (picker.IsFull || picker.RowsRead - before < rows)
                return (picker.Batch, null);
        }
    }

    private static void Bind(NpgsqlParameterCollection parameters, SyncScope scope, IReadOnlyDictionary<string, long> have, int limit)
    {
        parameters.Texts(scope.Users?.ToArray());
        parameters.Texts([.. have.Keys]);
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint, Value = have.Values.ToArray() });
        parameters.Number(limit);
    }

    /// <summary>Takes rows as they come, until the batch is full.</summary>
    private sealed class BatchPicker
    {
        private const int FirstPage = 24;

        private readonly HashSet<(string, long)> _places = [];
        private readonly List<SyncOperation> _operations = [];
        private long _bytes;
        private bool _more;

        public SyncBatch Batch => new(_operations, _more);

        public bool IsFull => _more;

        /// <summary>In turn.</summary>
        public int RowsRead { get; private set; }

        /// <summary>
        /// A reader that is let go of reads what is left all the same, and a row may hold a megabyte: a few first, then as many as probably fit.
        /// </summary>
        public int RowsToRead
        {
            get
            {
                if (RowsRead == 0)
                    return FirstPage;
                var fits = (SyncLimits.BatchBytes - _bytes) / Math.Max(1, _bytes / RowsRead);
                return (int)Math.Clamp(fits + 1, FirstPage, SyncLimits.BatchOperations + SyncLimits.EarlyErasures + 1);
            }
        }

        /// <param name="from">Is moved on, for the next page.</param>
        public BatchPicker TakeInTurn(NpgsqlDataReader reader, Dictionary<string, long> from)
        {
            while (!_more && reader.Read())
            {
                RowsRead++;
                if (TryTake(reader))
                    from[reader.GetString(0)] = reader.GetInt64(1);
            }

            return this;
        }

        public BatchPicker Take(NpgsqlDataReader reader)
        {
            while (!_more && reader.Read())
                TryTake(reader);
            return this;
        }

        /// <returns>False when it does not fit any more.</returns>
        private bool TryTake(NpgsqlDataReader reader)
        {
            var operation = Read(reader, out var bytes);
            if (!_places.Add((operation.Origin, operation.Seq)))
                return true;
            _more = _operations.Count >= SyncLimits.BatchOperations || (_operations.Count > 0 && _bytes + bytes > SyncLimits.BatchBytes);
            if (_more)
                return false;
            _operations.Add(operation);
            _bytes += bytes;
            return true;
        }

        private static SyncOperation Read(NpgsqlDataReader reader, out int bytes)
        {
            var place = new StoredOperation(
                reader.GetGuid(2), reader.GetString(5), reader.GetString(3), reader.TextOrNull(4), reader.GetString(0), reader.GetInt64(1),
                new HybridTimestamp((ulong)reader.GetInt64(6)));
            var text = reader.GetString(7);
            bytes = SyncLimits.WireBytes(text);
            var isKept = reader.GetBoolean(8) || bytes > SyncLimits.OperationBytes || place.Kind == SyncOperation.Withheld;
            if (isKept)
            {
                bytes = 0;
                return ForeignDraft.ToSync(place, new OperationContent.Unknown());
            }

            // jsonb prints what compaction leaves with a space.
            var isStub = text == "{\"erased\": true}" && place.Kind != OperationKind.Erase;
            var content = isStub ? new OperationContent.Stub() : OperationContent.TryRead(place.Kind, Encoding.UTF8.GetBytes(text));
            return ForeignDraft.ToSync(place, content ?? throw new InvalidOperationException($"The body of {place.Origin} {place.Seq} is not of its kind."));
        }
    }
}
