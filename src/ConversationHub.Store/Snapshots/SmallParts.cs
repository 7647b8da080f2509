using ConversationHub.Store.Clock;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Snapshots;

/// <summary>
/// What a snapshot holds beside operations and conversations: how far it goes, names, erasures of users, replies without their question.
/// No message text; a surface is in it only while a message that is not erased names it.
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

        target.Write(index.Conversations.Owners.Count);
        for (var owner = 0; owner < index.Conversations.Owners.Count; owner++)
            target.Write(index.Conversations.Owners[owner]);
    }

    /// <summary>Fills an empty index.</summary>
    /// <param name="clock">The greatest of all.</param>
    /// <returns>The segments the snapshot was made of.</returns>
    public static IReadOnlyList<SegmentCover> Read(BinaryReader source, StoreIndex index, out HybridTimestamp clock)
    {
        var saved = index.Saved;
        var segments = new List<SegmentCover>();
        for (var left = source.ReadInt32(); left > 0; left--)
            segments.Add(new SegmentCover(source.ReadInt32(), source.ReadInt64()));
        ReadSurfaces(source, index);
        clock = new HybridTimestamp(source.ReadUInt64());
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

        for (var left = source.ReadInt32(); left > 0; left--)
            index.Conversations.Owners.GetOrAdd(source.ReadString());
        return segments;
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
