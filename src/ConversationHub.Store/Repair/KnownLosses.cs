using System.Text.Json;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Repair;

/// <summary>
/// Operations that a repair could not bring back, one checksummed line in <c>log/lost.json</c>: a check tells of them and does not count them as
/// something new. Should a peer still hold them, it brings them, and they are no losses any more.
/// </summary>
internal sealed record KnownLosses(IReadOnlyList<LostOperations> Lost)
{
    public static readonly KnownLosses None = new([]);

    /// <param name="isDamaged">The file is there and cannot be read.</param>
    public static KnownLosses Read(string path, out bool isDamaged)
    {
        isDamaged = false;
        if (!File.Exists(path))
            return None;
        if (ChecksumFile.TryRead(path) is not { } bytes)
        {
            isDamaged = true;
            return None;
        }

        using var document = JsonDocument.Parse(bytes);
        return new KnownLosses(
        [
            .. document.RootElement.GetProperty("lost").EnumerateArray().Select(static one => new LostOperations(
                one.GetProperty("origin").GetString()!, one.GetProperty("from").GetInt32(), one.GetProperty("to").GetInt32())),
        ]);
    }

    public bool Covers(LostOperations gap) => Lost.Any(one => one.Origin == gap.Origin && one.From <= gap.From && one.To >= gap.To);

    public void Write(string path, IDisk disk) => ChecksumFile.Write(path, disk, json =>
    {
        json.WriteStartArray("lost"u8);
        foreach (var one in Lost)
        {
            json.WriteStartObject();
            json.WriteString("origin"u8, one.Origin);
            json.WriteNumber("from"u8, one.From);
            json.WriteNumber("to"u8, one.To);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}

/// <summary>Operations of one origin that are missing between those that are held.</summary>
/// <param name="From">First sequence number.</param>
/// <param name="To">Last one.</param>
internal sealed record LostOperations(string Origin, int From, int To)
{
    public override string ToString() => $"operations {From} to {To} of {Origin}";
}
