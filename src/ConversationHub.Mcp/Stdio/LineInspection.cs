using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Stdio;

/// <summary>What can still be told about a line that is not a message.</summary>
/// <param name="Root">The kind of the outermost value; <see cref="JsonTokenType.None"/> when there is none.</param>
/// <param name="IsWellFormed">Whether the line is one whole JSON value.</param>
/// <param name="Id">The request's id, where one can be read.</param>
/// <param name="IsAnswer">Whether it has a result or an error and no method: an answer, so its id is not the client's.</param>
internal readonly record struct LineInspection(JsonTokenType Root, bool IsWellFormed, RequestId? Id, bool IsAnswer)
{
    /// <summary>Whether the object says <c>"jsonrpc": "2.0"</c>.</summary>
    internal bool HasVersion { get; private init; }

    /// <summary>Whether the object has a member <c>id</c>, readable or not.</summary>
    internal bool HasId { get; private init; }

    /// <summary>Whether a member of the protocol stands in the object twice.</summary>
    internal bool HasTwice { get; private init; }

    /// <summary>Whether the object has a member <c>method</c> that is a string.</summary>
    internal bool HasMethod { get; private init; }

    /// <summary>Walks the members of the outermost object, as far as the line can be read. Never throws.</summary>
    internal static LineInspection Of(ReadOnlySpan<byte> line)
    {
        // A line that is refused for its depth still has an id to answer.
        var reader = new Utf8JsonReader(line, new JsonReaderOptions { MaxDepth = int.MaxValue });
        var seen = new Walk();
        try
        {
            seen.Read(ref reader);
            seen.WellFormed = seen.Root != JsonTokenType.None;
        }
        catch (JsonException)
        {
            // Whatever was read up to the fault counts.
        }

        return new LineInspection(seen.Root, seen.WellFormed, seen.Id, seen is { IsAnswer: true, HasMethod: false })
        {
            HasVersion = seen.HasVersion,
            HasId = seen.HasId,
            HasMethod = seen.HasMethod,
            HasTwice = seen.HasTwice,
        };
    }

    /// <summary>Whether a member of the protocol stands twice in the object that a well-formed line is.</summary>
    internal static bool SaysTwice(ReadOnlySpan<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        var known = 0;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var member = Member(ref reader);
            if ((known & member) != 0)
                return true;
            known |= member;
            reader.Skip();
        }

        return false;
    }

    /// <summary>A bit for each member of the protocol; 0 for any other.</summary>
    private static int Member(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("jsonrpc"u8))
            return 1;
        if (reader.ValueTextEquals("id"u8))
            return 2;
        if (reader.ValueTextEquals("method"u8))
            return 4;
        if (reader.ValueTextEquals("params"u8))
            return 8;
        if (reader.ValueTextEquals("result"u8))
            return 16;
        return reader.ValueTextEquals("error"u8) ? 32 : 0;
    }

    /// <summary>
    /// Whether every string and name of a well-formed line is text. An escape can stand for half a surrogate pair,
    /// which is valid JSON, and on which whoever reads the string later would stumble.
    /// </summary>
    internal static bool IsUnicode(ReadOnlySpan<byte> line)
    {
        if (line.IndexOf("\\u"u8) < 0)
            return true;
        var reader = new Utf8JsonReader(line);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    reader.GetString();
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private ref struct Walk
    {
        internal JsonTokenType Root;
        internal RequestId? Id;
        internal bool WellFormed, HasVersion, HasId, HasMethod, HasTwice, IsAnswer;
        private int _known;

        internal void Read(ref Utf8JsonReader reader)
        {
            if (!reader.Read())
                return;
            Root = reader.TokenType;
            while (reader.Read())
            {
                if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName && Root == JsonTokenType.StartObject)
                    ReadMember(ref reader);
            }
        }

        private void ReadMember(ref Utf8JsonReader reader)
        {
            var member = Member(ref reader);
            HasTwice |= (_known & member) != 0;
            _known |= member;
            if (reader.ValueTextEquals("id"u8))
            {
                // With two of them nobody knows which one the client waits for.
                reader.Read();
                Id = HasId ? null : ReadId(ref reader);
                HasId = true;
            }
            else if (reader.ValueTextEquals("method"u8))
            {
                reader.Read();
                HasMethod = reader.TokenType == JsonTokenType.String;
            }
            else if (reader.ValueTextEquals("jsonrpc"u8))
            {
                reader.Read();
                HasVersion = reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("2.0"u8);
            }
            else if (reader.ValueTextEquals("result"u8) || reader.ValueTextEquals("error"u8))
            {
                IsAnswer = true;
            }
        }

        private static RequestId? ReadId(ref Utf8JsonReader reader)
        {
            try
            {
                return reader.TokenType switch
                {
                    JsonTokenType.String => new RequestId(reader.GetString()!),
                    JsonTokenType.Number when reader.TryGetInt64(out var number) => new RequestId(number),
                    _ => null,
                };
            }
            catch (InvalidOperationException)
            {
                // Half a surrogate pair, or bytes that are not UTF-8: no id that could be sent back.
                return null;
            }
        }
    }
}
