using System.Text;
using System.Text.Json;

namespace ConversationHub.Store.Compaction;

/// <summary>
/// Tells whether bytes that cannot be read as operations may hold erased text: they name an erased conversation or user,
/// or so little of them is left that they name none. Those go too, because an erasure weighs more than a copy of damage.
/// </summary>
internal sealed class ErasedNames
{
    private readonly List<byte[]> _ids = [];
    private readonly List<byte[]> _marks = [];
    private readonly List<byte[]> _quoted = [];

    private static ReadOnlySpan<byte> ConversationMember => "\"conversation_id\":\""u8;

    public void AddConversation(string id)
    {
        _ids.Add(Encoding.UTF8.GetBytes(id));
        _quoted.Add(Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(id)}\""));
        _marks.Add(Encoding.UTF8.GetBytes($"\"conversation_id\":\"{JsonEncodedText.Encode(id)}\""));
    }

    /// <summary>True when an erased conversation is named anywhere in bytes of another form.</summary>
    public bool AreIdsIn(ReadOnlySpan<byte> bytes)
    {
        foreach (var id in _ids)
        {
            if (bytes.IndexOf(id) >= 0)
                return true;
        }

        return false;
    }

    /// <summary>True when an erased conversation is a whole text of JSON that cannot be read to its end.</summary>
    public bool AreTextsIn(ReadOnlySpan<byte> bytes)
    {
        foreach (var text in _quoted)
        {
            if (bytes.IndexOf(text) >= 0)
                return true;
        }

        return false;
    }

    /// <summary>Bytes of the log.</summary>
    public bool MayBeIn(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IndexOf(ConversationMember) < 0)
            return true;
        foreach (var mark in _marks)
        {
            if (bytes.IndexOf(mark) >= 0)
                return true;
        }

        return false;
    }
}
