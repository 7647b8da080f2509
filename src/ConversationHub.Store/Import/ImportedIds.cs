using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;

namespace ConversationHub.Store.Import;

/// <summary>Ids for what had none that is valid here: functions of the file's content, so that two machines make the same.</summary>
internal static class ImportedIds
{
    private const int UuidBytes = 16;

    /// <summary>Each character outside the alphabet is made <c>_</c>; what then still is no id gets a letter before it.</summary>
    /// <returns>Null when the file names none.</returns>
    public static ConversationId? Conversation(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (ConversationId.TryParse(text, out var id))
            return id;
        var safe = new StringBuilder(text.Length);
        foreach (var c in text)
            safe.Append(char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_');
        if (!char.IsAsciiLetterOrDigit(safe[0]) || safe.ToString().Equals("index", StringComparison.OrdinalIgnoreCase))
            safe.Insert(0, 'c');
        return ConversationId.Parse(safe.ToString(0, Math.Min(safe.Length, ConversationId.MaxLength)));
    }

    /// <summary>The message's own id, else a UUID of version 8 from conversation, position and content.</summary>
    public static OperationId Message(string? text, ConversationId conversation, int position, string content) =>
        OperationId.TryParse(text, out var id) ? id : Derive($"{conversation}\n{position}\n{content}");

    /// <summary>A field of an imported conversation.</summary>
    public static OperationId Field(ConversationId conversation, string name, string json) => Derive($"{conversation}\n{name}\n{json}");

    private static OperationId Derive(string text)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, UuidBytes);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new OperationId(new Guid(bytes, bigEndian: true));
    }
}
