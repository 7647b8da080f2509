using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Import;

namespace ConversationHub.Store.Repair;

/// <summary>
/// Reads a file of the earlier backend up to where it stops being JSON: that backend wrote in place, so a crash left the beginning of a file.
/// Every message that ended before that place is kept, and nothing after it is guessed. Pure.
/// </summary>
internal static class TornConversationFile
{
    private const int MaxDepth = 64;
    private const int MessageDepth = 2;

    /// <returns>A file that can be imported, with the messages that can be read; null when there is none.</returns>
    public static (byte[] Bytes, ImportedFile File)? TryRead(ReadOnlySpan<byte> bytes, UserId defaultOwner, DateTimeOffset latest)
    {
        if (EndOfLastMessage(bytes) is not { } end)
            return null;
        byte[] whole = [.. bytes[..end], .. "]}"u8];
        return ImportReader.TryRead(whole, defaultOwner, latest, out _) is { } file ? (whole, file) : null;
    }

    private static int? EndOfLastMessage(ReadOnlySpan<byte> bytes)
    {
        int? end = null;
        var inMessages = false;
        var reader = new Utf8JsonReader(bytes, isFinalBlock: false, new JsonReaderState(new JsonReaderOptions { MaxDepth = MaxDepth }));
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName)
                    inMessages = reader.ValueTextEquals("messages"u8);
                else if (inMessages && reader.CurrentDepth == MessageDepth && reader.TokenType == JsonTokenType.EndObject)
                    end = (int)reader.BytesConsumed;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Here the file stops being JSON, which is what was looked for.
            return end;
        }

        return end;
    }
}
