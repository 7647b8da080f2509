using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Index;

/// <summary>One operation as memory keeps it: where it stands, and nothing of its text. 56 bytes, because there may be millions.</summary>
internal struct OperationEntry
{
    /// <summary>No entry, or no conversation.</summary>
    public const int None = -1;

    public Guid Id;
    public HybridTimestamp Hlc;
    public int Segment;
    public int Offset;

    /// <summary>In bytes, without the newline.</summary>
    public int Length;

    public int Origin;
    public int Seq;
    public int Conversation;

    /// <summary>Of a question: its first reply in the order (clock, id). Of a reply: the next one to the same question. <see cref="None"/> at the end.</summary>
    public int NextReply;

    public ushort Surface;
    public EntryFlags Flags;
}

/// <summary>What an operation is, and whether it is shown.</summary>
[Flags]
internal enum EntryFlags : byte
{
    None = 0,
    Message = 1,

    /// <summary>A message of role <c>user</c>.</summary>
    Question = 2,

    /// <summary>Erased, or a stub: counted as held, never shown.</summary>
    Erased = 4,

    /// <summary>Another copy of the same operation, from another origin, is shown in its place (wire.md §9.5).</summary>
    Shadowed = 8,

    /// <summary>Erases others; is never erased itself.</summary>
    Erasure = 16,

    /// <summary>Nothing of its text is left in the log.</summary>
    Stub = 32,

    /// <summary>Its clock is too far ahead: held and counted, without effect until time catches up (wire.md §9.5).</summary>
    Quarantined = 64,
}

/// <summary>Where the bytes of an operation stand.</summary>
internal readonly record struct LineLocation(int Segment, int Offset, int Length);
