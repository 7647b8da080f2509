using Microsoft.Extensions.Logging;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Rate windows in the table <c>rate_windows</c>, by the database's clock. It has a few connections of its own,
/// so that a store under load delays no refusal and a flood of requests takes no connection from the store.
/// </summary>
public sealed class PostgresRateWindows : ISharedRateWindows
{
    private const int Connections = 4;
    private const int ConnectSeconds = 2;
    private const string CountSql = "SELECT admitted, counted, left_ms FROM maestra.rate_windows_count($1, $2, $3 * interval '1 millisecond')";

    /// <summary>How long a request may wait for the count; longer is as good as no database.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);

    /// <summary>After a failure nobody asks for so long: requests must not queue up before a database that is gone.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly long _start;
    private long _pausedUntilTicks;
    private int _isLost;

    private PostgresRateWindows(NpgsqlDataSource source, TimeProvider time, ILogger logger)
    {
        _source = source;
        _time = time;
        _logger = logger;
        _start = time.GetTimestamp();
    }

    /// <summary>Connects when first used. The schema must be there: the store makes it when it is opened.</summary>
    /// <param name="connectionString">As <see cref="PostgresAddress"/> gives it.</param>
    public static PostgresRateWindows Open(string connectionString, TimeProvider time, ILogger logger)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(connectionString);
        builder.EnableTransportSecurity();
        builder.ConnectionStringBuilder.MaxPoolSize = Connections;
        builder.ConnectionStringBuilder.Timeout = ConnectSeconds;
        builder.ConnectionStringBuilder.CommandTimeout = ConnectSeconds;
        return new PostgresRateWindows(builder.Build(), time, logger);
    }

    /// <inheritdoc/>
    public async Task<SharedRateWindow?> CountAsync(string partition, int limit, TimeSpan window, CancellationToken cancellationToken)
    {
        if (_time.GetElapsedTime(_start).Ticks < Volatile.Read(ref _pausedUntilTicks))
            return null;
        try
        {
            // Abandoned when it takes too long, and then ended by its own time limit.
            var counted = await AskAsync(partition, limit, window).WaitAsync(AnswerTime, _time, cancellationToken).ConfigureAwait(false);
            if (Interlocked.Exchange(ref _isLost, 0) == 1)
                StoreTelemetry.RateWindowsBack(_logger);
            return counted;
        }
        catch (NpgsqlException error)
        {
            return Lost(error.Message);
        }
        catch (TimeoutException)
        {
            return Lost($"no answer within {AnswerTime.TotalMilliseconds} ms");
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task<SharedRateWindow> AskAsync(string partition, int limit, TimeSpan window)
    {
        var command = _source.CreateCommand(CountSql);
        await using (command.ConfigureAwait(false))
        {
            command.Parameters.Text(partition);
            command.Parameters.Number(limit);
            command.Parameters.Number((long)window.TotalMilliseconds);
            var reader = await command.ExecuteReaderAsync(CancellationToken.None).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                await reader.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                return new SharedRateWindow(reader.GetBoolean(0), reader.GetInt32(1), TimeSpan.FromMilliseconds(reader.GetDouble(2)));
            }
        }
    }

    private SharedRateWindow? Lost(string reason)
    {
        Volatile.Write(ref _pausedUntilTicks, (_time.GetElapsedTime(_start) + Pause).Ticks);
        if (Interlocked.Exchange(ref _isLost, 1) == 0)
            StoreTelemetry.RateWindowsLost(_logger, reason);
        return null;
    }
}
