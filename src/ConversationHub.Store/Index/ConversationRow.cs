using System.Runtime.InteropServices;

namespace ConversationHub.Store.Index;

/// <summary>
/// One conversation as memory keeps it, 64 bytes in a table, because there may be hundreds of thousands: its name and its owner are kept
/// elsewhere, and so are its fields, which few have.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ConversationRow
{
    /// <summary>Time of <see cref="LastOperation"/>, in ticks of UTC.</summary>
    public long UpdatedTicks;

    /// <summary>Shown messages in the order (clock, id).</summary>
    public EntryOrder Messages;

    /// <summary>Where its id stands.</summary>
    public NamePlace Name;

    /// <summary>Entry of the last operation in the order of messages; <see cref="OperationEntry.None"/> while there is none.</summary>
    public int LastOperation;

    /// <summary>Number of the owner's name.</summary>
    public int Owner;

    /// <summary>A conversation of the same id, letter case ignored, that came before, or <see cref="OperationEntry.None"/>.</summary>
    public int NextOfSameId;

    /// <summary>Entry of the erasure; <see cref="OperationEntry.None"/> while the conversation lives.</summary>
    public int ErasedBy;

    /// <summary>One of <see cref="SurfaceSequences"/>.</summary>
    public int Surfaces;

    public readonly bool IsErased => ErasedBy != OperationEntry.None;

    public readonly bool IsShown => !IsErased && Messages.Count > 0;
}
