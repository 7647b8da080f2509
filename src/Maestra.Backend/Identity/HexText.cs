using System.Buffers;

namespace Maestra.Backend.Identity;

/// <summary>Lower-case hexadecimal digits.</summary>
internal static class HexText
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    public static bool Is(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(Digits) < 0;
}
