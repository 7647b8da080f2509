using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using ConversationHub.Store.Maintenance;

namespace Maestra.Backend.Commands;

/// <summary>Writes conversations as one JSON object, one after another, so that a store of any size needs little memory.</summary>
internal static class StoreExport
{
    public static async Task<string?> RunAsync(
        LogMaintenance store, TextWriter output, string? user, TimeProvider time, CancellationToken cancellationToken)
    {
        switch (store.Open())
        {
            case StoreOpening.Opened opened:
                await using (opened.Store)
                    return await RunAsync(opened.Archive, output, user, time, cancellationToken, store.Progress, user is null ? opened.Store.Status.Conversations : 0);
            case StoreOpening.Refused refused:
                return refused.Reason;
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    /// <param name="user">Null for everyone.</param>
    /// <param name="total">How many conversations there are; 0 when that is not known.</param>
    /// <returns>Null when all was written, else why not.</returns>
    public static Task<string?> RunAsync(
        IConversationArchive archive, TextWriter output, string? user, TimeProvider time, CancellationToken cancellationToken,
        IProgress<StoreProgress>? progress = null, int total = 0)
    {
        if (user is null)
            return WriteAsync(archive, output, null, time, progress, total, cancellationToken);
        return UserId.TryParse(user, out var owner)
            ? WriteAsync(archive, output, owner, time, progress, total, cancellationToken)
            : Task.FromResult<string?>($"--user needs 1 to {UserId.MaxLength} characters without control characters");
    }

    private static async Task<string?> WriteAsync(
        IConversationArchive archive, TextWriter output, UserId? owner, TimeProvider time, IProgress<StoreProgress>? progress, int total, CancellationToken cancellationToken)
    {
        var name = owner is { } user ? JsonSerializer.Serialize(user.ToString(), MaestraJson.Compact.String) : "null";
        await output.WriteAsync($$"""{"user_id":{{name}},"exported_at":"{{WireTime.Format(time.GetUtcNow())}}","conversations":[""");
        var separator = "\n";
        await using var text = new TextStream(output);
        var unreadable = 0;
        var done = 0;
        await foreach (var outcome in archive.ExportAsync(owner, cancellationToken))
        {
            progress?.Report(new StoreProgress("exporting", ++done, total, "conversations"));
            if (outcome is ReadOutcome.Unavailable lost)
                return $"the export ended early and is no valid JSON: {lost.Failure.Reason}";
            if (outcome is not ReadOutcome.Found found)
            {
                unreadable++;
                continue;
            }

            await output.WriteAsync(separator);
            JsonSerializer.Serialize(text, found.Conversation, MaestraJson.Compact.ConversationDocument);
            separator = ",\n";
        }

        await output.WriteLineAsync("\n]}");
        return unreadable == 0 ? null : $"{unreadable} conversations cannot be read and are missing in the export; store verify tells where";
    }
}
