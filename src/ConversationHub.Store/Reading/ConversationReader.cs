using ConversationHub.Contracts;
using ConversationHub.Store.Conversations;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Reading;

/// <summary>Answers <see cref="ReadQuery"/>: places are copied under the gate, texts are read without it. Thread-safe.</summary>
internal sealed class ConversationReader(LogState state, MessageReader messages)
{
    public ReadOutcome Read(ReadQuery query)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, WireLimits.MessagePageMax);
        ConversationHead head;
        LineLocation[] window;
        bool truncated;
        lock (state.Gate)
        {
            var number = state.Index.FindConversation(query.Owner, query.ConversationId, out var ambiguous);
            if (ambiguous)
                return new ReadOutcome.Ambiguous();
            if (number == OperationEntry.None)
                return new ReadOutcome.NotFound();
            if (state.Index.IsClosedByErasure(number))
                return new ReadOutcome.Erased();
            if (!state.Index.Conversations[number].IsShown)
                return new ReadOutcome.NotFound();
            head = Head_NeedsLock(state.Index, number);
            if (!TryTakeWindow_NeedsLock(number, query, out window, out truncated))
                return new ReadOutcome.UnknownMessage();
        }

        var read = new List<ConversationMessage>(window.Length);
        foreach (var location in window)
        {
            if (messages.TryRead(location) is not { } message)
                return new ReadOutcome.Damaged();
            read.Add(message.ToMessage());
        }

        return messages.TryRead(head.First) is { } first
            ? new ReadOutcome.Found(head.ToDocument(first.Body, read, truncated))
            : new ReadOutcome.Damaged();
    }

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
