using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ConversationHub.Store.Clock;

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
    private readonly Dictionary<string, HybridTimestamp> _users = new(StringComparer.Ordinal);
    private readonly List<(byte[] Mark, HybridTimestamp Until)> _userMarks = [];
    private readonly List<byte[]> _userTexts = [];

    private static ReadOnlySpan<byte> ConversationMember => "\"conversation_id\":\""u8;

    private static ReadOnlySpan<byte> ClockMember => "\"hlc\":\""u8;

    public void AddConversation(string id)
    {
        _ids.Add(Encoding.UTF8.GetBytes(id));
        _quoted.Add(Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(id)}\""));
        _marks.Add(Encoding.UTF8.GetBytes($"\"conversation_id\":\"{JsonEncodedText.Encode(id)}\""));
    }

    /// <param name="until">The clock of the erasure: what is not later was erased.</param>
    public void AddUser(string user, HybridTimestamp until)
    {
        _users[user] = until;
        foreach (var text in new[] { JsonEncodedText.Encode(user), JsonEncodedText.Encode(user, JavaScriptEncoder.UnsafeRelaxedJsonEscaping) }.Distinct())
        {
            _userMarks.Add((Encoding.UTF8.GetBytes($"\"user_id\":\"{text}\""), until));
            _userTexts.Add(Encoding.UTF8.GetBytes($"\"{text}\""));
        }
    }

    /// <summary>True when the erasure of a user covers what has that clock.</summary>
    public bool IsErased(string user, HybridTimestamp clock) => _users.TryGetValue(user, out var until) && clock <= until;

    /// <summary>True when a file of a conversation that cannot be read to its end says that an erased user owns it.</summary>
    public bool IsOwnerIn(ReadOnlySpan<byte> bytes)
    {
        var name = "\"owner\""u8;
        for (var rest = bytes; rest.IndexOf(name) is >= 0 and var at;)
        {
            rest = rest[(at + name.Length)..].TrimStart(" \t\r\n:"u8);
            foreach (var text in _userTexts)
            {
                if (rest.StartsWith(text))
                    return true;
            }
        }

        return false;
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

        return MayHoldUser(bytes);
    }

    /// <summary>What names an erased user goes, unless its line says a later clock.</summary>
    private bool MayHoldUser(ReadOnlySpan<byte> bytes)
    {
        foreach (var (mark, until) in _userMarks)
        {
            for (var rest = bytes; rest.IndexOf(mark) is >= 0 and var at;)
            {
                rest = rest[(at + mark.Length)..];
                var line = rest.IndexOf((byte)'\n') is >= 0 and var end ? rest[..end] : rest;
                if (ClockIn(line) is not { } clock || clock <= until)
                    return true;
            }
        }

        return false;
    }

    private static HybridTimestamp? ClockIn(ReadOnlySpan<byte> line)
    {
        const int Digits = 16;
        var at = line.IndexOf(ClockMember);
        var text = at < 0 ? [] : line[(at + ClockMember.Length)..];
        return text.Length >= Digits && HybridTimestamp.TryParse(Encoding.ASCII.GetString(text[..Digits]), out var clock) ? clock : null;
    }
}
