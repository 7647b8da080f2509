using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Changing;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Import;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Retention;

/// <summary>
/// Retention of the log store; its clock is one checksummed line in <c>log/retention.json</c>. Losing that only makes retention begin anew, with its grace.
/// One round at a time.
/// </summary>
internal sealed class LogRetention(LogState state, ConversationChanger changer, LogFolder folder, IDisk disk, TimeProvider time)
{
    /// <summary>A clock has room for more than a date has.</summary>
    private static readonly long LastMillisecond = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    public (RetentionClock? Clock, StoreFailure? Failure) Advance(TimeSpan elapsed)
    {
        var wall = time.GetUtcNow();
        var clock = (TryRead(folder.Retention) ?? RetentionClock.Begin(wall, Newest())).Advance(wall, elapsed);
        try
        {
            ChecksumFile.Write(folder.Retention, disk, json =>
            {
                json.WriteString("trusted_at"u8, WireTime.Format(clock.Trusted));
                json.WriteString("began_at"u8, WireTime.Format(clock.Began));
            });
            return (clock, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (null, new StoreFailure(StoreFailureKind.Unavailable, $"log/retention.json cannot be written ({error.Message})."));
        }
    }

    public List<UntouchedConversation> FindUntouched(DateTimeOffset before, int limit, IReadOnlySet<string> heldUsers)
    {
        var imported = ImportedSince(before);
        lock (state.Gate)
        {
            var heldBack = state.HeldBackConversations();
            var ofPlaces = UsersOfPlacesSince_NeedsGate(before);
            return
            [
                .. state.Index.Conversations
                    .Where((entry, number) => entry.IsShown && Touched(state.Index, entry) < before
                        && !heldUsers.Contains(entry.Owner) && !ofPlaces.Contains(entry.Owner)
                        && !heldBack.Contains(number) && !imported.Contains((entry.Owner, entry.Id)))
                    .Take(limit)
                    .Select(static entry => new UntouchedConversation(UserId.Parse(entry.Owner), ConversationId.Parse(entry.Id))),
            ];
        }
    }

    /// <summary>
    /// What a person changed in a file has the times that stand in it, which may be of long ago; that the file was taken over is a touch all the same.
    /// </summary>
    private HashSet<(string Owner, string Id)> ImportedSince(DateTimeOffset limit) =>
        [.. ImportJournal.Read(folder, disk).Records.Where(record => record.ImportedAt >= limit).Select(static record => (record.Owner, record.ConversationId))];

    /// <summary>
    /// Users of whom a peer has sent mere places (decision 45) of that time or later. They belong to one of the user's conversations, nobody
    /// here knows to which, so that none of them may be called untouched.
    /// </summary>
    private HashSet<string> UsersOfPlacesSince_NeedsGate(DateTimeOffset limit)
    {
        var from = HybridTimestamp.Create(limit.ToUnixTimeMilliseconds(), 0);
        var users = new HashSet<string>(StringComparer.Ordinal);
        for (var number = 0; number < state.Index.Operations.Count; number++)
        {
            ref readonly var entry = ref state.Index.Operations[number];
            if (entry.Conversation == OperationEntry.None && (entry.Flags & EntryFlags.Erasure) == 0 && entry.Hlc >= from)
                users.Add(state.Index.Streams.All[entry.Origin].User);
        }

        return users;
    }

    public Task<EraseOutcome> EraseAsync(UntouchedConversation conversation, DateTimeOffset before, CancellationToken cancellationToken) =>
        changer.EraseConversationAsync(conversation.Owner, conversation.Id, before, cancellationToken);

    /// <summary>When anything was last done to a conversation.</summary>
    public static DateTimeOffset Touched(StoreIndex index, ConversationEntry entry)
    {
        var said = new DateTimeOffset(entry.UpdatedTicks, TimeSpan.Zero);
        if (entry.LastOperation == OperationEntry.None)
            return said;
        var clock = DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(index.Operations[entry.LastOperation].Hlc.UnixMilliseconds, LastMillisecond));
        return said > clock ? said : clock;
    }

    public static RetentionClock? TryRead(string path)
    {
        if (!File.Exists(path) || ChecksumFile.TryRead(path) is not { } bytes)
            return null;
        using var document = JsonDocument.Parse(bytes);
        return WireTime.TryParse(document.RootElement.GetProperty("trusted_at").GetString(), out var trusted)
            && WireTime.TryParse(document.RootElement.GetProperty("began_at").GetString(), out var began)
            ? new RetentionClock(trusted, began)
            : null;
    }

    private DateTimeOffset? Newest()
    {
        lock (state.Gate)
            return state.Index.Conversations.Where(static entry => entry.IsShown).Select(entry => (DateTimeOffset?)Touched(state.Index, entry)).Max();
    }
}
