namespace ConversationHub.Store.Index;

/// <summary>The order of messages: clock, then id; of two copies the smaller origin.</summary>
internal sealed class OperationOrder(OperationTable operations, NameTable origins)
{
    public bool ComesBefore(int left, int right)
    {
        ref readonly var a = ref operations[left];
        ref readonly var b = ref operations[right];
        if (a.Hlc != b.Hlc)
            return a.Hlc < b.Hlc;
        return a.Id != b.Id ? a.Id < b.Id : string.CompareOrdinal(origins[a.Origin], origins[b.Origin]) < 0;
    }
}
