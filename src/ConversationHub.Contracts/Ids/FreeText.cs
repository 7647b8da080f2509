using System.Text;

namespace ConversationHub.Contracts;

/// <summary>Rules for text that is stored or compared as it is: length in Unicode code points, no U+0000, no unpaired surrogate.</summary>
public static class FreeText
{
    /// <summary>Number of Unicode code points; a lone surrogate counts as one.</summary>
    public static int CountCodePoints(ReadOnlySpan<char> text)
    {
        var count = 0;
        foreach (var _ in text.EnumerateRunes())
            count++;
        return count;
    }

    /// <summary>True when PostgreSQL and UTF-8 can hold the text: no U+0000 and no half of a surrogate pair.</summary>
    public static bool IsStorable(ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty)
        {
            if (text[0] == '\0' || Rune.DecodeFromUtf16(text, out _, out var used) != System.Buffers.OperationStatus.Done)
                return false;
            text = text[used..];
        }

        return true;
    }

    /// <summary>True for a name such as a user or surface id: storable, within the length, and without control characters.</summary>
    public static bool IsName(ReadOnlySpan<char> text, int maxLength)
    {
        if (text.IsEmpty || !IsStorable(text) || CountCodePoints(text) > maxLength)
            return false;
        foreach (var c in text)
        {
            if (char.IsControl(c))
                return false;
        }

        return true;
    }
}
