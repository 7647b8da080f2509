using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// The fixed part of a conversation in a snapshot. Its messages and surfaces follow from the operations; its id and its fields stand behind
/// the fixed parts of its block.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = sizeof(int))]
internal readonly record struct SavedConversation(
    long UpdatedTicks, int LastOperation, int Owner, int ErasedBy, int IdBytes, int Fields)
{
    public static int Bytes => Unsafe.SizeOf<SavedConversation>();

    public static SavedConversation Of(in ConversationRow row, FieldSet? fields) =>
        new(row.UpdatedTicks, row.LastOperation, row.Owner, row.ErasedBy, row.Name.Length, fields?.Values.Count ?? 0);

    public void CopyTo(ref ConversationRow row)
    {
        row.UpdatedTicks = UpdatedTicks;
        row.LastOperation = LastOperation;
        row.ErasedBy = ErasedBy;
    }
}
