using System.Buffers;
using System.Globalization;
using System.Text;

namespace ConversationHub.Store.Search;

/// <summary>
/// Cuts text into terms: runs of letters, digits and marks in lower case. Scripts written without spaces give a term for each character,
/// so that any part of a sentence finds it.
/// </summary>
internal static class Tokenizer
{
    /// <summary>Longer runs are cut: hashes and encoded blobs are no words.</summary>
    public const int MaxTermCharacters = 40;

    public static void Tokenize<TState>(ReadOnlySpan<char> text, TState state, ReadOnlySpanAction<char, TState> seen)
    {
        Span<char> term = stackalloc char[MaxTermCharacters];
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsTermRune(rune))
            {
                Emit(term, ref length, state, seen);
                continue;
            }

            if (StandsAlone(rune))
                Emit(term, ref length, state, seen);
            var lower = Rune.ToLowerInvariant(rune);
            if (length + lower.Utf16SequenceLength <= MaxTermCharacters)
                length += lower.EncodeToUtf16(term[length..]);
            if (StandsAlone(rune))
                Emit(term, ref length, state, seen);
        }

        Emit(term, ref length, state, seen);
    }

    private static void Emit<TState>(Span<char> term, ref int length, TState state, ReadOnlySpanAction<char, TState> seen)
    {
        if (length > 0)
            seen(term[..length], state);
        length = 0;
    }

    private static bool IsTermRune(Rune rune)
    {
        if (rune.IsAscii)
            return char.IsAsciiLetterOrDigit((char)rune.Value);
        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter
            or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
    }

    /// <summary>Kana, CJK ideographs and their extensions; Thai, Lao, Khmer and Myanmar are left in runs.</summary>
    private static bool StandsAlone(Rune rune) => rune.Value is (>= 0x3040 and <= 0x30FF) or (>= 0x3400 and <= 0x9FFF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF);
}
