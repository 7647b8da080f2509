using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Npgsql;

namespace Maestra.Backend.Peers;

/// <summary>The tables <c>peers</c>, <c>invites</c>, <c>sbts</c>, <c>owner_acts</c> and <c>nonces</c>, which all replicas share.</summary>
internal sealed class PostgresPeerStore(PeerDatabase database, TimeProvider time, ILogger<PostgresPeerStore> logger) : IPeerStore
{
    /// <summary>Any number that no other user of the database takes: "peers" in ASCII. One change at a time, whichever replica makes it.</summary>
    private const string LockSql = "SELECT pg_advisory_xact_lock(482939007603)";

    private const string NonceSql = "SELECT maestra.nonces_take($1, $2, $3, $4, $5, $6)";

    public Task<(PeerStateRecord? State, StoreFailure? Failure)> ReadAsync(CancellationToken cancellationToken) =>
        database.RunAsync(ReadAsync, logger, cancellationToken);

    public async Task<(T? Result, StoreFailure? Failure)> ChangeAsync<T>(
        Func<PeerStateRecord, (PeerStateRecord? State, T Result)> decide, CancellationToken cancellationToken)
        where T : class =>
        await database.RunAsync(
            async (connection, cancel) =>
            {
                await ExecuteAsync(connection, LockSql, cancel);
                var before = await ReadAsync(connection, cancel);
                var (changed, result) = decide(before);
                if (changed is not null)
                    await WriteAsync(connection, before, changed, cancel);
                return result;
            },
            logger,
            cancellationToken);

    public Task<(NonceVerdict? Verdict, StoreFailure? Failure)> TakeNonceAsync(string peer, string nonce, CancellationToken cancellationToken) =>
        NonceAsync(peer, nonce, take: true, cancellationToken);

    public Task<(NonceVerdict? Verdict, StoreFailure? Failure)> FindNonceAsync(string peer, string nonce, CancellationToken cancellationToken) =>
        NonceAsync(peer, nonce, take: false, cancellationToken);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private Task<(NonceVerdict? Verdict, StoreFailure? Failure)> NonceAsync(string peer, string nonce, bool take, CancellationToken cancellationToken) =>
        database.RunAsync<NonceVerdict>(
            async (connection, cancel) =>
            {
                var now = time.GetUtcNow();
                await using var command = PeerDatabase.Command(connection, NonceSql, peer, nonce, now, now + NonceLimits.Kept, NonceLimits.PerPeer, take);
                return (int)(await command.ExecuteScalarAsync(cancel))! switch
                {
                    0 => new NonceVerdict.Fresh(),
                    > 0 and var seconds => new NonceVerdict.Full(seconds),
                    _ => new NonceVerdict.Replayed(),
                };
            },
            logger,
            cancellationToken);

    private static async Task<PeerStateRecord> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => new()
    {
        Peers = await RowsAsync(
            connection, "SELECT backend_id, record FROM maestra.peers ORDER BY backend_id",
            static row => Peer(row.GetString(0), row.GetString(1)), cancellationToken),
        Invites = await RowsAsync(
            connection, "SELECT secret, user_id, expires_at FROM maestra.invites ORDER BY expires_at",
            static row => new InviteRecord { Secret = row.GetString(0), UserId = row.GetString(1), ExpiresAt = Time(row, 2) }, cancellationToken),
        Sbts = await RowsAsync(
            connection, "SELECT sbt_id, kept_until FROM maestra.sbts",
            static row => new UsedSbtRecord { SbtId = row.GetString(0), KeptUntil = Time(row, 1) }, cancellationToken),
        Acts = await RowsAsync(
            connection, "SELECT act_id, happened_at, event, subject, command FROM maestra.owner_acts ORDER BY happened_at, act_id",
            static row => new OwnerActRecord
            {
                Id = row.GetString(0),
                At = Time(row, 1),
                Event = row.GetString(2),
                Subject = row.GetString(3),
                Command = row.GetString(4),
            },
            cancellationToken),
    };

    private static async Task WriteAsync(NpgsqlConnection connection, PeerStateRecord before, PeerStateRecord after, CancellationToken cancellationToken)
    {
        foreach (var gone in before.Peers.Where(peer => PeerRules.Find(after, peer.BackendId) is null))
            await ExecuteAsync(connection, "DELETE FROM maestra.peers WHERE backend_id = $1", cancellationToken, gone.BackendId);
        foreach (var peer in after.Peers.Except(before.Peers))
        {
            await ExecuteAsync(
                connection,
                "INSERT INTO maestra.peers VALUES ($1, $2) ON CONFLICT (backend_id) DO UPDATE SET record = excluded.record",
                cancellationToken, peer.BackendId, JsonSerializer.Serialize(peer, MaestraJson.Compact.PeerRecord));
        }

        foreach (var gone in before.Invites.Except(after.Invites))
            await ExecuteAsync(connection, "DELETE FROM maestra.invites WHERE secret = $1", cancellationToken, gone.Secret);
        foreach (var invite in after.Invites.Except(before.Invites))
            await ExecuteAsync(connection, "INSERT INTO maestra.invites VALUES ($1, $2, $3)", cancellationToken, invite.Secret, invite.UserId, invite.ExpiresAt);
        foreach (var gone in before.Sbts.Except(after.Sbts))
            await ExecuteAsync(connection, "DELETE FROM maestra.sbts WHERE sbt_id = $1", cancellationToken, gone.SbtId);
        foreach (var sbt in after.Sbts.Except(before.Sbts))
            await ExecuteAsync(connection, "INSERT INTO maestra.sbts VALUES ($1, $2)", cancellationToken, sbt.SbtId, sbt.KeptUntil);
        foreach (var gone in PeerRules.Acts(before).Except(PeerRules.Acts(after)))
            await ExecuteAsync(connection, "DELETE FROM maestra.owner_acts WHERE act_id = $1", cancellationToken, gone.Id);
        foreach (var act in PeerRules.Acts(after).Except(PeerRules.Acts(before)))
        {
            await ExecuteAsync(
                connection, "INSERT INTO maestra.owner_acts VALUES ($1, $2, $3, $4, $5)", cancellationToken, act.Id, act.At, act.Event, act.Subject, act.Command);
        }
    }

    /// <summary>A row that is none of ours stands for a peer that cannot be read: left out of what is exchanged, and its owner can remove it.</summary>
    private static PeerRecord Peer(string backendId, string text)
    {
        try
        {
            if (JsonSerializer.Deserialize(text, MaestraJson.Compact.PeerRecord) is { } record && record.BackendId == backendId)
                return record;
        }
        catch (JsonException)
        {
            // The reader of the list tells it, under the id that the row has.
        }

        return PeerRules.Unreadable(backendId);
    }

    private static async Task<List<T>> RowsAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        await using var command = PeerDatabase.Command(connection, sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(row(reader));
        return rows;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using var command = PeerDatabase.Command(connection, sql, values);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static DateTimeOffset Time(NpgsqlDataReader row, int column) => new(row.GetDateTime(column), TimeSpan.Zero);
}
