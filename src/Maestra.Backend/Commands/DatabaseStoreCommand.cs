using ConversationHub.Store;
using ConversationHub.Store.Maintenance;
using Maestra.Backend.Hosting;

namespace Maestra.Backend.Commands;

/// <summary>The store commands where PostgreSQL holds the conversations: <c>stats</c>, <c>compact</c>, <c>export</c> and <c>new-origin</c>; the others are about files it has none of.</summary>
internal static class DatabaseStoreCommand
{
    private static readonly string[] Known = ["stats", "compact", "export", "new-origin"];

    /// <param name="name">Of the command.</param>
    /// <param name="user">Of an export; null for everyone.</param>
    /// <returns>Null when done, else why not.</returns>
    public static async Task<string?> RunAsync(
        string name, StoreOptions options, string database, string? user, TextWriter output, BackendParts parts, ILogger logger, CancellationToken cancellationToken)
    {
        if (!Known.Contains(name, StringComparer.Ordinal))
        {
            return $"the conversations are in the database of DATABASE_URL, and {name} looks after a store of files; "
                + "unset DATABASE_URL to have it look at CONVERSATION_HUB_ROOT";
        }

        switch (await StoreOpener.OpenPostgresAsync(options, database, parts.Time, parts.Ids, logger, cancellationToken))
        {
            case StoreOpening.Refused refused:
                return refused.Reason;
            case StoreOpening.Opened opened:
                await using (opened.Store)
                {
                    return name switch
                    {
                        "stats" => await StatsAsync(database, output, cancellationToken),
                        "compact" => await CompactAsync(opened.Archive, output, cancellationToken),
                        "new-origin" => await NewOriginAsync(opened.Sync, output, cancellationToken),
                        _ => await StoreExport.RunAsync(
                            opened.Archive, output, user, parts.Time, cancellationToken, options.Progress, user is null ? opened.Store.Status.Conversations : 0),
                    };
                }
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private static async Task<string?> StatsAsync(string database, TextWriter output, CancellationToken cancellationToken)
    {
        var (stats, refused) = await DatabaseMaintenance.CountAllAsync(database, cancellationToken);
        if (stats is null)
            return refused;
        await output.WriteLineAsync($"conversations {stats.Conversations}");
        await output.WriteLineAsync($"messages      {stats.Messages}");
        await output.WriteLineAsync($"owners        {stats.Owners}");
        await output.WriteLineAsync($"operations    {stats.Operations}, from {stats.Origins} origins");
        await output.WriteLineAsync($"database      {stats.Bytes} bytes in the tables of the store, schema {stats.SchemaVersion}");
        await output.WriteLineAsync(stats.HoldsErasedText
            ? "erased        text of erased operations may still be in the database's files"
            : "erased        nothing that was erased is left in the tables' files");
        return null;
    }

    private static async Task<string?> NewOriginAsync(ISyncStore store, TextWriter output, CancellationToken cancellationToken)
    {
        if (await store.TakeNewOriginsAsync("asked for by store new-origin", cancellationToken) is { } failure)
            return failure.Reason;
        await output.WriteLineAsync(StoreCommand.HasNewOrigin);
        return null;
    }

    private static async Task<string?> CompactAsync(IConversationArchive archive, TextWriter output, CancellationToken cancellationToken)
    {
        if (await archive.CompactAsync(cancellationToken) is { } failure)
            return failure.Reason;
        await output.WriteLineAsync("Nothing that was erased is left in the tables' files. The server's write-ahead log, replicas and backups are not looked at.");
        return null;
    }
}
