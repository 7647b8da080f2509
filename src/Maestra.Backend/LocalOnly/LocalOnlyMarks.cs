using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.LocalOnly;

/// <summary>
/// Tells the hubs of this home which conversations stay here, so that they know it also while this backend is down (docs/decisions/0034).
/// Every mark of the store is written when the backend has started, and a change before its caller hears of it.
/// What the disk does not take is a warning: the hubs then learn it with the next answer in that conversation.
/// </summary>
/// <param name="folder">Null in cloud mode, which has no hubs in its home.</param>
/// <param name="store">The tags it holds are read once, if it knows them without a server.</param>
internal sealed class LocalOnlyMarks(string? folder, IConversationStore store, ILogger<LocalOnlyMarks> logger) : BackgroundService
{
    private readonly Lock _writing = new();

    /// <summary>Takes in what a durable change has made of a conversation's tags.</summary>
    public void Note(ConversationChange change)
    {
        var isAdded = change.AddTags.Contains(LocalOnlyMark.Tag, StringComparer.Ordinal);
        if (folder is null || !(isAdded || change.RemoveTags.Contains(LocalOnlyMark.Tag, StringComparer.Ordinal)))
            return;

        // Of two changes at once the later one counts, whichever comes here first.
        lock (_writing)
            Try(change.ConversationId, store is IKeptConversations kept ? kept.KeptHere().Contains(change.ConversationId) : isAdded);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (folder is null || store is not IKeptConversations kept)
            return;

        // Not on the way of the start.
        await Task.Yield();
        foreach (var conversation in kept.KeptHere())
        {
            if (stoppingToken.IsCancellationRequested || !Try(conversation, isKept: true))
                return;
        }
    }

    private bool Try(ConversationId conversation, bool isKept)
    {
        try
        {
            if (isKept)
                LocalOnlyMark.Write(folder!, conversation.ToString());
            else
                LocalOnlyMark.Remove(folder!, conversation.ToString());
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            logger.MarkNotSaved(folder!, refused.Message);
            return false;
        }
    }
}
