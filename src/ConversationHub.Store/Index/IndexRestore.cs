using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Index;

/// <summary>
/// What follows from operations that were read back with their flags: where each stream goes, which messages a conversation shows and in what
/// order, which surfaces it has. Two walks over the operations, which stand in memory one behind another.
/// </summary>
internal static class IndexRestore
{
    private const EntryFlags WhyNotShown = EntryFlags.Erased | EntryFlags.Shadowed;

    public static void Run(OperationTable operations, ConversationTable conversations, OriginTable origins, OperationOrder order)
    {
        // How many messages each shows; then where the next one of each goes.
        var counts = new int[conversations.Count];
        var shown = 0;
        for (var number = 0; number < operations.Count; number++)
        {
            ref readonly var entry = ref operations[number];
            origins.Place(entry.Origin, entry.Seq, number, (entry.Flags & EntryFlags.Erasure) != 0);
            if (!IsShown(entry))
                continue;
            counts[entry.Conversation]++;
            shown++;
        }

        var messages = new int[shown];
        var start = 0;
        for (var conversation = 0; conversation < counts.Length; conversation++)
        {
            conversations.Row(conversation).Messages = new EntryOrder(messages, start, counts[conversation]);
            (counts[conversation], start) = (start, start + counts[conversation]);
        }

        foreach (var conversation in Fill(operations, conversations, messages, counts))
            Sort(operations, conversations, order, conversation, messages, counts[conversation]);
    }

    /// <summary>Puts messages and surfaces into their conversations as they come, which is nearly always the order they belong in.</summary>
    /// <param name="next">Where the next message of each conversation goes; afterwards where its last one ends.</param>
    /// <returns>Conversations in which one came before its turn.</returns>
    private static HashSet<int> Fill(OperationTable operations, ConversationTable conversations, int[] messages, int[] next)
    {
        var unsorted = new HashSet<int>();
        var last = new HybridTimestamp[next.Length];
        for (var number = 0; number < operations.Count; number++)
        {
            ref readonly var entry = ref operations[number];
            if (!IsShown(entry))
                continue;
            if (entry.Hlc <= last[entry.Conversation])
                unsorted.Add(entry.Conversation);
            last[entry.Conversation] = entry.Hlc;
            messages[next[entry.Conversation]++] = number;
            conversations.AddSurface(entry.Conversation, entry.Surface);
        }

        return unsorted;
    }

    private static void Sort(OperationTable operations, ConversationTable conversations, OperationOrder order, int conversation, int[] messages, int end)
    {
        var count = conversations.Row(conversation).Messages.Count;
        var own = messages.AsSpan(end - count, count);
        own.Sort((left, right) => left == right ? 0 : order.ComesBefore(left, right) ? -1 : 1);
        conversations.ClearSurfaces(conversation);
        foreach (var number in own)
            conversations.AddSurface(conversation, operations[number].Surface);
    }

    private static bool IsShown(in OperationEntry entry) =>
        (entry.Flags & (EntryFlags.Message | WhyNotShown)) == EntryFlags.Message && entry.Conversation >= 0;
}
