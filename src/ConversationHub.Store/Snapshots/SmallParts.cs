using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// What a snapshot holds beside the operations: names, conversations, erasures. No message text. Fields are in it, as an erasure drops them
/// from memory and the next snapshot with it; a surface is in it only while a message that is not erased names it.
/// </summary>
internal static class SmallParts
{
    public static void WriteSegments(BinaryWriter target, IReadOnlyList<SegmentCover> segments)
    {
        target.Write(segments.Count);
        foreach (var segment in segments)
        {
            target.Write(segment.Number);
            target.Write(segment.Length);
        }
    }

    /// <param name="shown">Numbers of the surfaces that are named by a message that is shown.</param>
    public static void WriteSurfaces(BinaryWriter target, IReadOnlyList<string> names, IReadOnlySet<ushort> shown)
    {
        target.Write(names.Count);
        for (var surface = 0; surface < names.Count; surface++)
            target.Write(shown.Contains((ushort)surface) ? names[surface] : "");
    }

    public static void WriteIndex(BinaryWriter target, StoreIndex index)
    {
        var saved = index.Saved;
        target.Write(index.LastClock.Value);
        target.Write(index.Origins.Count);
        for (var origin = 0; origin < index.Origins.Count; origin++)
        {
            target.Write(index.Origins[origin]);
            target.Write(saved.Origins.All[origin].User);
        }

        target.Write(saved.Erasures.OfUsers.Count);
        foreach (var (owner, erasure) in saved.Erasures.OfUsers)
        {
            target.Write(owner);
            target.Write(erasure);
        }

        target.Write(saved.Replies.Waiting.Count);
        foreach (var (question, replies) in saved.Replies.Waiting)
        {
            target.Write(question.ToByteArray());
            target.Write(replies.Count);
            foreach (var reply in replies)
                target.Write(reply);
        }

        target.Write(index.Conversations.Count);
    }

    public static void WriteConversations(BinaryWriter target, StoreIndex index, int from, int to)
    {
        for (var number = from; number < to; number++)
        {
            var entry = index.Conversations[number];
            target.Write(entry.Owner);
            target.Write(entry.Id);
            target.Write(entry.Last.Hlc.Value);
            target.Write(entry.Last.Id.ToByteArray());
            target.Write(entry.UpdatedTicks);
            target.Write(entry.ErasedBy);
            target.Write(entry.Fields?.Values.Count ?? 0);
            foreach (var (name, value) in entry.Fields?.Values ?? new Dictionary<string, FieldValue>())
            {
                target.Write(name);
                target.Write(value.Hlc.Value);
                target.Write(value.Origin);
                target.Write(value.Timestamp.Ticks);
                target.Write((short)value.Timestamp.Offset.TotalMinutes);
                target.Write(value.Json);
            }
        }
    }

    /// <summary>Fills an empty index whose operations are there.</summary>
    /// <returns>The segments the snapshot was made of.</returns>
    public static IReadOnlyList<SegmentCover> Read(BinaryReader source, StoreIndex index)
    {
        var saved = index.Saved;
        var segments = new List<SegmentCover>();
        for (var left = source.ReadInt32(); left > 0; left--)
            segments.Add(new SegmentCover(source.ReadInt32(), source.ReadInt64()));
        ReadSurfaces(source, index);
        var clock = new HybridTimestamp(source.ReadUInt64());
        for (var left = source.ReadInt32(); left > 0; left--)
        {
            var origin = source.ReadString();
            saved.Origins.GetOrAdd(origin, source.ReadString());
        }

        for (var left = source.ReadInt32(); left > 0; left--)
            saved.Erasures.RestoreUser(source.ReadString(), source.ReadInt32());
        for (var left = source.ReadInt32(); left > 0; left--)
        {
            var question = new Guid(source.ReadBytes(16));
            for (var replies = source.ReadInt32(); replies > 0; replies--)
                saved.Replies.Wait(question, source.ReadInt32());
        }

        ReadConversations(source, saved.Conversations);
        index.Restore(clock);
        return segments;
    }

    private static void ReadConversations(BinaryReader source, ConversationTable conversations)
    {
        // Owners and origins repeat: one string for each.
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var left = source.ReadInt32(); left > 0; left--)
        {
            var entry = conversations.Restore(Shared(source.ReadString()), source.ReadString());
            entry.Last = (new HybridTimestamp(source.ReadUInt64()), new Guid(source.ReadBytes(16)));
            entry.UpdatedTicks = source.ReadInt64();
            entry.ErasedBy = source.ReadInt32();
            for (var fields = source.ReadInt32(); fields > 0; fields--)
            {
                var name = source.ReadString();
                entry.Fields ??= new FieldSet();
                entry.Fields.Merge(name, new FieldValue(
                    new HybridTimestamp(source.ReadUInt64()), Shared(source.ReadString()),
                    new DateTimeOffset(source.ReadInt64(), TimeSpan.FromMinutes(source.ReadInt16())), source.ReadString()));
            }
        }

        string Shared(string name)
        {
            if (!names.TryGetValue(name, out var known))
                names[name] = known = name;
            return known;
        }
    }

    private static void ReadSurfaces(BinaryReader source, StoreIndex index)
    {
        var count = source.ReadInt32();
        for (var surface = 0; surface < count; surface++)
        {
            // A name that is gone still takes its number; the NUL keeps it from being any message's surface.
            var name = source.ReadString();
            index.Surfaces.GetOrAdd(name.Length > 0 ? name : $"\0{surface}");
        }
    }
}

/// <summary>How far a snapshot covers a segment of the log.</summary>
/// <param name="Length">In bytes; of the newest one the snapshot knows, only so far.</param>
internal readonly record struct SegmentCover(int Number, long Length);
