using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Index;

/// <summary>One conversation as memory keeps it. Not thread-safe.</summary>
internal sealed class ConversationEntry(string id, string owner, int nextOfSameId)
{
    public string Id { get; } = id;

    public string Owner { get; } = owner;

    /// <summary>A conversation of the same id, letter case ignored, that came before, or <see cref="OperationEntry.None"/>.</summary>
    public int NextOfSameId { get; } = nextOfSameId;

    /// <summary>Shown messages in the order (clock, id).</summary>
    public EntryOrder Messages { get; } = new();

    /// <summary>In the order of first use.</summary>
    public List<ushort> Surfaces { get; } = new(1);

    /// <summary>Null while nothing was set.</summary>
    public FieldSet? Fields { get; set; }

    /// <summary>Clock and id of the operation that <see cref="UpdatedTicks"/> is the time of.</summary>
    public (HybridTimestamp Hlc, Guid Id) Last { get; set; }

    /// <summary>Time of the last operation in the order (clock, id), in ticks of UTC.</summary>
    public long UpdatedTicks { get; set; }

    /// <summary>Entry of the erasure; <see cref="OperationEntry.None"/> while the conversation lives.</summary>
    public int ErasedBy { get; set; } = OperationEntry.None;

    public bool IsErased => ErasedBy != OperationEntry.None;

    public bool IsShown => !IsErased && Messages.Count > 0;
}
