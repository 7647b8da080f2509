using System.CommandLine;
using ConversationHub.Store;
using ConversationHub.Store.Import;
using ConversationHub.Store.Maintenance;
using Maestra.Backend.Hosting;
using Maestra.Backend.Identity;
using Maestra.Backend.Logging;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary>
/// <c>store stats|verify|compact|export|import|rebuild-views|new-origin</c>: what an operator does to the log store.
/// Results go to standard output, everything else to standard error. Ends with 0, with 2 where there is nothing to import, or with 4 when the store cannot be used or is not sound.
/// </summary>
internal static class StoreCommand
{
    public const string HasNewOrigin = "The store has a new identity; what is written from now on has new origins.";

    public static Command Build(Func<ParseResult, SettingSources> sources, TextWriter error, BackendParts parts)
    {
        var user = new Option<string>("--user") { Description = "only this user's conversations" };
        var folder = new Argument<string>("folder") { Description = "where the earlier backend's files are" };
        folder.Validators.Add(static given =>
        {
            if (given.GetValueOrDefault<string>() is { } path && !HoldsAFile(path))
                given.AddError(Directory.Exists(path) ? $"{path} holds no conversation file: one is *.json and not index.json." : $"{path} is no folder.");
        });
        var repair = new Option<bool>("--repair") { Description = "then repair what was found: damaged bytes are kept in log/damaged, what can be read comes back" };
        return new Command("store", "Look after the stored conversations")
        {
            Make("stats", "Count what is stored", static (store, output, _, _, _) => StatsAsync(store, output)),
            Make("verify", "Check every line and every file; changes nothing without --repair", (store, output, parsed, _, _) => parsed.GetValue(repair) ? RepairAsync(store, output) : VerifyAsync(store, output), repair),
            Make("compact", "Remove the text of what was erased from the disk, now", static (store, output, _, _, cancel) => CompactAsync(store, output, cancel)),
            Make("export", "Write all conversations as one JSON object", (store, output, parsed, _, cancel) => StoreExport.RunAsync(store, output, parsed.GetValue(user), parts.Time, cancel), user),
            Make("import", "Take over a folder of the earlier backend's files", (store, output, parsed, account, cancel) => ImportAsync(store, output, parsed.GetValue(folder)!, account, cancel), folder),
            Make("rebuild-views", "Write the conversation files and index.json anew", static (store, output, _, _, _) => RebuildAsync(store, output)),
            Make("new-origin", "Give a restored or copied store an identity of its own", static (store, output, _, _, _) => NewOriginAsync(store, output)),
        };

        Command Make(string name, string description, StoreAction action, Symbol? symbol = null)
        {
            var command = new Command(name, description);
            if (symbol is Option option)
                command.Add(option);
            else if (symbol is Argument argument)
                command.Add(argument);
            command.SetAction((parsed, cancellationToken) => RunAsync(sources(parsed), error, parts, parsed, action, cancellationToken));
            return command;
        }
    }

    /// <summary>Nothing to import is a wrong folder more often than an empty one, and "0 imported" would pass for done.</summary>
    private static bool HoldsAFile(string folder)
    {
        try
        {
            return Directory.Exists(folder) && Directory.EnumerateFiles(folder)
                .Any(static path => path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && Path.GetFileName(path) is not ("index.json" or "imports.json"));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // The import, which cannot read it either, says why.
            return true;
        }
    }

    private static async Task<int> RunAsync(
        SettingSources sources, TextWriter error, BackendParts parts, ParseResult parsed, StoreAction action, CancellationToken cancellationToken)
    {
        if (SettingsBinder.Bind(sources) is not BindOutcome.Bound { Settings: var settings })
        {
            var refused = (BindOutcome.Refused)SettingsBinder.Bind(sources);
            await error.WriteLineAsync("maestra-backend cannot use these settings:");
            foreach (var mistake in refused.Errors)
                await error.WriteLineAsync($"  {mistake}");
            return ExitCode.BadSettings;
        }

        using var progress = parts.IsErrorATerminal ? new ProgressLine(error, parts.Time) : null;
        if (progress is not null)
            parts = parts with { WriteLog = Above(progress, parts.WriteLog) };
        using var loggers = BackendLogging.CreateFactory(settings, parts);
        var identity = await IdentityStores.Of(settings, parts.Time).LoadAsync(cancellationToken);
        if (identity is IdentityOutcome.Refused without)
            return await RefuseAsync(error, without.Reason);
        var options = new StoreOptions
        {
            Root = settings.ConversationRoot,
            BackendId = ((IdentityOutcome.Loaded)identity).Keys.Current.Id,
            Namespace = settings.Mode == BackendMode.Local ? StoreNamespace.Shared : StoreNamespace.PerUser,
            ImportOwner = settings.ImportOwner,
            KeepsSearchIndex = settings.KeepsSearchIndex,
            Progress = progress,
        };
        if (settings.Database is { } database)
        {
            var name = parsed.CommandResult.Command.Name;
            var why = await DatabaseStoreCommand.RunAsync(
                name, options, database, name == "export" ? parsed.GetValue<string>("--user") : null, parsed.InvocationConfiguration.Output, parts,
                loggers.CreateLogger<IConversationStore>(), cancellationToken);
            progress?.Dispose();
            return why is null ? ExitCode.Ended : await RefuseAsync(error, why);
        }

        Task AccountAsync(ImportReport report) => ImportAccount.WriteAsync(report, settings, parts, error, loggers.CreateLogger(nameof(ImportAccount)));

        if (!Directory.Exists(Path.Combine(options.Root, "log")) && parsed.CommandResult.Command.Name != "import")
            return await RefuseAsync(error, $"there is no conversation store in {options.Root}; set CONVERSATION_HUB_ROOT to the folder of one");
        try
        {
            var store = new LogMaintenance(options, parts.Time, parts.Ids, loggers.CreateLogger<IConversationStore>());
            var reason = await action(store, parsed.InvocationConfiguration.Output, parsed, AccountAsync, cancellationToken);
            progress?.Dispose();
            return reason is null ? ExitCode.Ended : await RefuseAsync(error, reason);
        }
        catch (Exception mistake) when (mistake is IOException or UnauthorizedAccessException)
        {
            progress?.Dispose();
            return await RefuseAsync(error, mistake.Message);
        }
    }

    /// <summary>A line of the log goes where the progress stood, which comes back below it.</summary>
    private static Action<string> Above(ProgressLine progress, Action<string> writeLog) => line =>
    {
        progress.Clear();
        writeLog(line);
    };

    private static async Task<int> RefuseAsync(TextWriter error, string reason)
    {
        await error.WriteLineAsync($"maestra-backend store: {reason}");
        return ExitCode.StoreUnusable;
    }

    private static async Task<string?> StatsAsync(LogMaintenance store, TextWriter output)
    {
        var (stats, refused) = store.CountAll();
        if (stats is null)
            return refused;
        await output.WriteLineAsync($"conversations {stats.Conversations}");
        await output.WriteLineAsync($"messages      {stats.Messages}");
        await output.WriteLineAsync($"owners        {stats.Owners}");
        await output.WriteLineAsync($"operations    {stats.Operations}, from {stats.Origins} origins");
        await output.WriteLineAsync($"log           {stats.LogBytes} bytes in {stats.Segments} segments, {stats.DamagedRegions} damaged regions");
        await output.WriteLineAsync($"erased        {stats.ErasedWithText} operations whose text is still on the disk");
        return null;
    }

    private static async Task<string?> RepairAsync(LogMaintenance store, TextWriter output)
    {
        var (report, refused) = await store.RepairAsync();
        if (report is null)
            return refused;
        foreach (var step in report.Done)
            await output.WriteLineAsync(step);
        await output.WriteLineAsync(report.Done.Count > 0 ? "Repaired; the store now:" : "Files beside the log are as the log has them; the store now:");
        return await TellAsync(report.After, output) is null ? null : "not everything can be repaired; what is left stands above";
    }

    private static Task<string?> VerifyAsync(LogMaintenance store, TextWriter output) => TellAsync(store.Verify(), output);

    private static async Task<string?> TellAsync(VerifyReport report, TextWriter output)
    {
        foreach (var finding in report.Findings)
            await output.WriteLineAsync(finding.ToString());
        var scope = report.IsRunning ? "; the store is in use, so its files were not compared" : $", {report.Files} files";
        await output.WriteLineAsync(
            $"{report.Operations} operations in {report.Segments} segments, {report.Conversations} conversations{scope}: {report.Findings.Count} findings");
        if (report.KnownLost > 0)
            await output.WriteLineAsync($"{report.KnownLost} operations were lost before an earlier repair (log/lost.json); a peer that holds them brings them back");
        return report.IsSound ? null : "the store is not sound";
    }

    private static async Task<string?> CompactAsync(LogMaintenance store, TextWriter output, CancellationToken cancellationToken)
    {
        switch (store.Open())
        {
            case StoreOpening.Opened opened:
                await using (opened.Store)
                {
                    if (await opened.Archive.CompactAsync(cancellationToken) is { } failure)
                        return failure.Reason;
                }

                await output.WriteLineAsync("Nothing that was erased is left in the log.");
                return null;
            case StoreOpening.Refused refused:
                return refused.Reason;
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    private static async Task<string?> ImportAsync(
        LogMaintenance store, TextWriter output, string folder, Func<ImportReport, Task> account, CancellationToken cancellationToken)
    {
        var (report, refused) = await store.ImportAsync(folder, cancellationToken);
        if (report is null)
            return refused;
        await account(report);
        foreach (var file in report.Damaged)
            await output.WriteLineAsync($"{file.File}: left as it is: {file.Why}");
        await output.WriteLineAsync(
            $"{report.Imported} files imported ({report.Operations} operations), {report.Skipped} skipped, {report.Damaged.Count} damaged");
        return null;
    }

    private static async Task<string?> RebuildAsync(LogMaintenance store, TextWriter output)
    {
        if (await store.RebuildViewsAsync() is { } reason)
            return reason;
        await output.WriteLineAsync("All conversation files and index.json are as the log has them.");
        return null;
    }

    private static async Task<string?> NewOriginAsync(LogMaintenance store, TextWriter output)
    {
        if (store.TakeNewOrigins() is { } reason)
            return reason;
        await output.WriteLineAsync(HasNewOrigin);
        return null;
    }

    /// <returns>Null when done, else why not.</returns>
    private delegate Task<string?> StoreAction(
        LogMaintenance store, TextWriter output, ParseResult parsed, Func<ImportReport, Task> account, CancellationToken cancellationToken);
}
