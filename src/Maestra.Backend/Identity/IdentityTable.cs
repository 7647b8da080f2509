using ConversationHub.Store.Postgres;
using Maestra.Backend.Peers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Identity;

/// <summary>The table <c>identity</c>: one row, so that all replicas have one key (wire.md §9.1).</summary>
internal sealed class IdentityTable(string connectionString, ILogger? logger = null) : IIdentityVault, IAsyncDisposable
{
    private const string ReadSql = "SELECT document FROM maestra.identity";
    private const string MakeSql = "INSERT INTO maestra.identity (document) VALUES ($1) ON CONFLICT DO NOTHING";
    private const string ChangeSql = "UPDATE maestra.identity SET document = $1 WHERE document = $2";

    private readonly PeerDatabase _database = new(connectionString);
    private bool _isPrepared;

    public string Name => "the table identity of DATABASE_URL";

    public async Task<(string? Text, string? Failure)> ReadAsync(CancellationToken cancellationToken)
    {
        // The key is needed before the store is opened, which needs the backend's id.
        if (!_isPrepared)
        {
            if (await PostgresSchema.PrepareAsync(connectionString, cancellationToken, logger) is { } reason)
                return (null, reason);
            _isPrepared = true;
        }

        var (found, failure) = await _database.RunAsync(
            async (connection, cancel) =>
            {
                await using var command = PeerDatabase.Command(connection, ReadSql);
                return new Held(await command.ExecuteScalarAsync(cancel) as string);
            },
            NullLogger.Instance,
            cancellationToken);
        return (found?.Text, failure?.Reason);
    }

    public async Task<(bool Written, string? Failure)> WriteAsync(string? expected, string text, CancellationToken cancellationToken)
    {
        var (written, failure) = await _database.RunAsync(
            async (connection, cancel) =>
            {
                await using var command = expected is null
                    ? PeerDatabase.Command(connection, MakeSql, text)
                    : PeerDatabase.Command(connection, ChangeSql, text, expected);
                return new Held(await command.ExecuteNonQueryAsync(cancel) == 1 ? text : null);
            },
            NullLogger.Instance,
            cancellationToken);
        return (written?.Text is not null, failure?.Reason);
    }

    public async Task<string?> StampAsync(CancellationToken cancellationToken) =>
        await ReadAsync(cancellationToken) is ({ } text, null)
            ? Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)))
            : null;

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private sealed record Held(string? Text);
}
