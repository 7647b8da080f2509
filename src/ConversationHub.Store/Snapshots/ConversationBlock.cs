using System.Runtime.InteropServices;
using System.Text;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// Some conversations in a snapshot: the fixed part of each, then the ids one behind another, then their fields. No message text.
/// Fields are in it, as an erasure drops them from memory and the next snapshot with it.
/// </summary>
internal static class ConversationBlock
{
    public static byte[] Write(ConversationTable conversations, int from, int to)
    {
        using var bytes = new MemoryStream();
        for (var number = from; number < to; number++)
        {
            var saved = SavedConversation.Of(conversations.Row(number), conversations.FieldsOf(number));
            bytes.Write(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref saved, 1)));
        }

        for (var number = from; number < to; number++)
            bytes.Write(conversations.IdOf(number));
        using var fields = new BinaryWriter(bytes, Encoding.UTF8, leaveOpen: true);
        for (var number = from; number < to; number++)
            Write(fields, conversations.FieldsOf(number));
        fields.Flush();
        return bytes.ToArray();
    }

    /// <summary>Adds conversations to a table.</summary>
    /// <param name="names">Shares strings that repeat.</param>
    public static void Read(ReadOnlySpan<byte> block, int count, ConversationTable conversations, Dictionary<string, string> names)
    {
        var saved = MemoryMarshal.Cast<byte, SavedConversation>(block[..(count * SavedConversation.Bytes)]);
        var ids = block[(count * SavedConversation.Bytes)..];
        var first = conversations.Count;
        foreach (var one in saved)
        {
            one.CopyTo(ref conversations.Row(conversations.Restore(one.Owner, ids[..one.IdBytes])));
            ids = ids[one.IdBytes..];
        }

        if (ids.IsEmpty)
            return;
        using var fields = new BinaryReader(new MemoryStream(ids.ToArray()), Encoding.UTF8);
        for (var at = 0; at < count; at++)
        {
            for (var left = saved[at].Fields; left > 0; left--)
                Read(fields, conversations.FieldsToSet(first + at), names);
        }
    }

    private static void Write(BinaryWriter target, FieldSet? fields)
    {
        if (fields is null)
            return;
        foreach (var (name, value) in fields.Values)
        {
            target.Write(name);
            target.Write(value.Hlc.Value);
            target.Write(value.Origin);
            target.Write(value.Timestamp.Ticks);
            target.Write((short)value.Timestamp.Offset.TotalMinutes);
            target.Write(value.Json);
        }
    }

    private static void Read(BinaryReader source, FieldSet fields, Dictionary<string, string> names)
    {
        var name = source.ReadString();
        fields.Merge(name, new FieldValue(
            new HybridTimestamp(source.ReadUInt64()), Shared(source.ReadString()),
            new DateTimeOffset(source.ReadInt64(), TimeSpan.FromMinutes(source.ReadInt16())), source.ReadString()));

        string Shared(string one)
        {
            if (!names.TryGetValue(one, out var known))
                names[one] = known = one;
            return known;
        }
    }
}
