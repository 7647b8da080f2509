using ConversationHub.Contracts;
using ConversationHub.Store.Conversations;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Reading;

/// <summary>Answers <see cref="ReadQuery"/>: places are copied under the gate, texts are read without it. Thread-safe.</summary>
internal sealed class ConversationReader(LogState state, MessageReader messages)
{
    /// <summary>Of the lines of a conversation that is read whole: beyond, its messages are read one by one, when their turn comes.</summary>
    private const long MostBytesAtOnce = 1 << 20;

    public ReadOutcome Read(ReadQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ConversationHead head;
        LineLocation[] window;
        bool truncated;
        lock (state.Gate)
        {
            var number = state.Index.FindConversation(query.Owner, query.ConversationId, out var ambiguous);
            if (ambiguous)
                return new ReadOutcome.Ambiguous();
            if (number == OperationEntry.None)
                return state.Index.DamagedFiles.Contains(query.ConversationId.ToString()) ? new ReadOutcome.Damaged() : new ReadOutcome.NotFound();
            if (state.Index.IsClosedByErasure(number))
                return new ReadOutcome.Erased();
            if (!state.Index.Conversations[number].IsShown)
                return new ReadOutcome.NotFound();
            head = Head_NeedsLock(state.Index, number);
            if (!TryTakeWindow_NeedsLock(number, query, out window, out truncated))
                return new ReadOutcome.UnknownMessage();
        }

        return ReadTexts(head, window, truncated, isWhole: query is { Limit: ReadQuery.AllMessages, Before: null });
    }

    /// <summary>Numbers of the conversations that are shown, by id.</summary>
    public IReadOnlyList<int> AllOf(UserId? owner)
    {
        lock (state.Gate)
        {
            return
            [
                .. state.Index.Conversations
                    .Select(static (entry, number) => (entry, number))
                    .Where(one => one.entry.IsShown && (owner is not { } user || one.entry.Owner == user.ToString()))
                    .OrderBy(static one => one.entry.Id, StringComparer.Ordinal)
                    .Select(static one => one.number),
            ];
        }
    }

    /// <summary>A conversation with all its messages, or <see cref="ReadOutcome.Erased"/> when it is not shown any more.</summary>
    public ReadOutcome ReadWhole(int number)
    {
        ConversationHead head;
        LineLocation[] all;
        lock (state.Gate)
        {
            var entry = state.Index.Conversations[number];
            if (!entry.IsShown)
                return new ReadOutcome.Erased();
            head = Head_NeedsLock(state.Index, number);
            all = new LineLocation[entry.Messages.Count];
            for (var at = 0; at < all.Length; at++)
                all[at] = Location(state.Index, entry.Messages[at]);
        }

        return ReadTexts(head, all, truncated: false, isWhole: true);
    }

    private ReadOutcome ReadTexts(ConversationHead head, LineLocation[] places, bool truncated, bool isWhole)
    {
        if (isWhole && places.Sum(static place => (long)place.Length) > MostBytesAtOnce)
            return ReadLong(head, places);
        if (messages.TryReadAll(places) is not { } read)
            return new ReadOutcome.Damaged();

        // The topic comes from the first message, which mostly is among those that were asked for.
        var first = places.Length > 0 && places[0] == head.First ? read[0] : messages.TryRead(head.First);
        return first is null
            ? new ReadOutcome.Damaged()
            : new ReadOutcome.Found(head.ToDocument(first.Body, read.ConvertAll(static message => message.ToMessage()), truncated));
    }

    /// <summary>Each line is checked, and read again when its turn comes.</summary>
    private ReadOutcome ReadLong(ConversationHead head, LineLocation[] places) =>
        Array.TrueForAll(places, messages.IsSound) && messages.TryRead(head.First) is { } first
            ? new ReadOutcome.Found(head.ToDocument(first.Body, new StoredMessages(places, messages), truncated: false))
            : new ReadOutcome.Damaged();

    public static ConversationHead Head_NeedsLock(StoreIndex index, int number)
    {
        var entry = index.Conversations[number];
        return new ConversationHead(
            entry.Id,
            entry.Owner,
            [.. entry.Surfaces.Select(surface => index.Surfaces[surface])],
            new DateTimeOffset(entry.UpdatedTicks, TimeSpan.Zero),
            entry.Messages.Count,
            entry.Fields?.Title,
            entry.Fields?.Status ?? ConversationStatus.Active,
            entry.Fields?.Tags ?? [],
            entry.Fields?.Artifacts ?? [],
            Location(index, entry.Messages[0]));
    }

    public static LineLocation Location(StoreIndex index, int number)
    {
        ref readonly var entry = ref index.Operations[number];
        return new LineLocation(entry.Segment, entry.Offset, entry.Length);
    }

    private bool TryTakeWindow_NeedsLock(int number, ReadQuery query, out LineLocation[] window, out bool truncated)
    {
        var all = state.Index.Conversations[number].Messages;
        var end = all.Count;
        window = [];
        truncated = false;
        if (query.Before is { } before)
        {
            end = 0;
            while (end < all.Count && state.Index.Operations[all[end]].Id != before.Value)
                end++;
            if (end == all.Count)
                return false;
        }

        var start = Math.Max(0, end - query.Limit);
        truncated = start > 0;
        window = new LineLocation[end - start];
        for (var at = 0; at < window.Length; at++)
            window[at] = Location(state.Index, all[start + at]);
        return true;
    }
}
