using System.Buffers;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;

namespace ConversationHub.Store.Log;

/// <summary>A small file of one <see cref="ChecksumLine"/>, with the format's version first.</summary>
internal static class ChecksumFile
{
    private const int MaxBytes = 1 << 20;

    /// <returns>The JSON object; null when the file is damaged.</returns>
    public static byte[]? TryRead(string path)
    {
        if (new FileInfo(path).Length > MaxBytes)
            return null;
        var bytes = File.ReadAllBytes(path);
        return bytes is [.., ChecksumLine.Newline] && ChecksumLine.IsIntact(bytes.AsSpan()[..^1]) ? bytes[..^1] : null;
    }

    /// <param name="members">Writes all members but the version.</param>
    public static void Write(string path, IDisk disk, Action<Utf8JsonWriter> members) => AtomicFile.Replace(path, Line(members), disk);

    /// <summary>The content of such a file.</summary>
    /// <inheritdoc cref="Write" path="/param[@name='members']"/>
    public static byte[] Line(Action<Utf8JsonWriter> members)
    {
        var line = new ArrayBufferWriter<byte>();
        line.GetSpan(ChecksumLine.ObjectOffset);
        line.Advance(ChecksumLine.ObjectOffset);
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteNumber("v"u8, Operation.CurrentFormat);
            members(json);
            json.WriteEndObject();
        }

        line.Write([ChecksumLine.Newline]);
        var bytes = line.WrittenSpan.ToArray();
        ChecksumLine.Seal(bytes.AsSpan(0, bytes.Length - 1));
        return bytes;
    }
}
