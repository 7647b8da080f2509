using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Bounds on what one replica takes of the server and of its caller's time; what the connection string itself sets is kept.</summary>
internal static class PostgresLimits
{
    /// <summary>PostgreSQL allows 100 by default: four replicas and an operator.</summary>
    private const int Connections = 20;

    /// <summary>Also the longest wait for a connection of the pool.</summary>
    private const int ConnectSeconds = 5;

    private const int CommandSeconds = 5;

    /// <summary>Erasing rewrites every row in one transaction: seconds for a conversation as long as one may be, some minutes for millions of messages of a user.</summary>
    public static readonly TimeSpan LongestErasure = TimeSpan.FromMinutes(30);

    /// <summary>A conversation has at most 100,000 messages, each of which must be looked at to know that it was not erased.</summary>
    public static readonly TimeSpan LongestExportPart = TimeSpan.FromSeconds(60);

    /// <summary>Every conversation that is old enough is looked at, and nobody waits for it.</summary>
    public static readonly TimeSpan LongestRetentionLook = TimeSpan.FromMinutes(2);

    /// <summary>
    /// A peer's batch: on a busy server five hundred operations take longer than any question's write may, and the same batch would come again for
    /// ever. Less than a round of the peer (30 s), which would not learn what became of it.
    /// </summary>
    public static readonly TimeSpan LongestBatch = TimeSpan.FromSeconds(25);

    /// <summary>After a statement ran out of its time: whether that was the server's doing is not worth more waiting.</summary>
    public static readonly TimeSpan LongestSignOfLife = TimeSpan.FromSeconds(2);

    /// <summary>How long a server that hangs may take to cancel; then its connection is dropped.</summary>
    private const int CancellationMilliseconds = 1000;

    private static readonly NpgsqlConnectionStringBuilder Defaults = [];

    public static string Apply(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        if (builder.MaxPoolSize == Defaults.MaxPoolSize)
            builder.MaxPoolSize = Connections;
        if (builder.Timeout == Defaults.Timeout)
            builder.Timeout = ConnectSeconds;
        if (builder.CommandTimeout == Defaults.CommandTimeout)
            builder.CommandTimeout = CommandSeconds;
        if (builder.CancellationTimeout == Defaults.CancellationTimeout)
            builder.CancellationTimeout = CancellationMilliseconds;
        return builder.ConnectionString;
    }
}
