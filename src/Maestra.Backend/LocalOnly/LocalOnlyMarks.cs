using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.LocalOnly;

/// <summary>
/// Tells the hubs of this home which conversations stay here, so that they know it also while this backend is down (docs/decisions/0034).
/// Every mark of the store is written when the backend has started, one that is added before the tag itself is, so that a tag is never without its
/// mark, and one whose tag was removed is taken away before the caller hears of it.
/// What the disk does not take is a warning: the hubs then learn it with the next answer in that conversation.
/// </summary>
/// <param name="folder">Null in cloud mode, which has no hubs in its home.</param>
/// <param name="writerIn">This backend's name among those who write marks in that folder: <see cref="LocalOnlyMark.Backend"/>.</param>
/// <param name="kept">The store's tags, which are read once; null where it does not know them without a server.</param>
internal sealed class LocalOnlyMarks(string? folder, Func<string, string> writerIn, IKeptConversations? kept, ILogger<LocalOnlyMarks> logger) : BackgroundService
{
    private readonly Lock _writing = new();

    // One change of this tag at a time: the removal that was stored before would take away the mark of one that is about to be stored.
    private readonly SemaphoreSlim _changing = new(1);

    // Changed since the start, whose tags were read at once: what was read then says nothing of them.
    private readonly HashSet<ConversationId> _changed = [];

    // Looked up with the first mark, which a home without one needs not.
    private readonly Lazy<string> _writer = new(() => writerIn(folder!));

    private bool _isSwept;

    /// <summary>Has a change stored and its mark kept right, also when its caller does not wait.</summary>
    public async Task<ChangeOutcome> ChangeAsync(ConversationChange change, IConversationArchive archive)
    {
        if (folder is null || (!Adds(change) && !Removes(change)))
            return await archive.ChangeAsync(change, CancellationToken.None);
        await _changing.WaitAsync();
        try
        {
            return await ChangeMarkedAsync(change, archive);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task<ChangeOutcome> ChangeMarkedAsync(ConversationChange change, IConversationArchive archive)
    {
        var isMade = false;
        if (Adds(change))
            TryWrite(change.ConversationId, out isMade);
        var outcome = await archive.ChangeAsync(change, CancellationToken.None);
        switch (outcome)
        {
            case ChangeOutcome.Changed:
                Settle(change.ConversationId, isKept: Adds(change));
                break;

            // Whatever else became of it, it may be stored.
            case ChangeOutcome.NotFound or ChangeOutcome.Erased or ChangeOutcome.Ambiguous when isMade:
                Settle(change.ConversationId, isKept: false);
                break;
        }

        return outcome;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (folder is null || kept is null)
            return;

        // Not on the way of the start.
        await Task.Yield();
        foreach (var conversation in kept.KeptHere())
        {
            lock (_writing)
            {
                // What the disk does not take once is told once.
                if (!_changed.Contains(conversation) && !TryWrite(conversation, out _))
                    break;
            }

            if (stoppingToken.IsCancellationRequested)
                return;
        }

        lock (_writing)
        {
            _isSwept = true;
            _changed.Clear();
        }
    }

    private static bool Adds(ConversationChange change) => change.AddTags.Contains(LocalOnlyMark.Tag, StringComparer.Ordinal);

    private static bool Removes(ConversationChange change) => change.RemoveTags.Contains(LocalOnlyMark.Tag, StringComparer.Ordinal);

    /// <param name="isKept">Where the store does not tell without its server.</param>
    private void Settle(ConversationId conversation, bool isKept)
    {
        // Of two changes at once the later one counts, whichever comes here first.
        lock (_writing)
        {
            if (!_isSwept)
                _changed.Add(conversation);
            if (kept?.KeptHere().Contains(conversation) ?? isKept)
                TryWrite(conversation, out _);
            else
                Remove(conversation);
        }
    }

    /// <param name="isMade">False as well when it was there.</param>
    private bool TryWrite(ConversationId conversation, out bool isMade)
    {
        isMade = false;
        try
        {
            isMade = LocalOnlyMark.Write(folder!, conversation.ToString(), _writer.Value);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            logger.MarkNotSaved(folder!, refused.Message);
            return false;
        }
    }

    /// <summary>With what hubs were told of it before.</summary>
    private void Remove(ConversationId conversation)
    {
        try
        {
            LocalOnlyMark.Remove(folder!, conversation.ToString(), _writer.Value);
            LocalOnlyMark.Remove(folder!, conversation.ToString(), LocalOnlyMark.Hubs);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            logger.MarkNotSaved(folder!, refused.Message);
        }
    }
}
