using ConversationHub.Routing;

namespace ConversationHub.Mcp.Asking;

/// <summary>The end of what one target has streamed so far: enough to show that it goes on.</summary>
/// <param name="From">The target whose text it is.</param>
/// <param name="End">At most <see cref="MaxCharacters"/> of it, whole characters.</param>
/// <param name="IsCut">Whether more came before.</param>
internal sealed record StreamedText(TargetName From, string End, bool IsCut)
{
    internal const int MaxCharacters = 80;

    /// <summary>With one more piece. A piece of another target begins anew.</summary>
    internal static StreamedText Append(StreamedText? before, TargetName from, string piece)
    {
        var (known, cut) = before?.From == from ? (before.End, before.IsCut) : ("", false);
        var all = string.Concat(known, piece);
        if (all.Length <= MaxCharacters)
            return new StreamedText(from, all, cut);
        var start = all.Length - MaxCharacters;
        if (char.IsLowSurrogate(all[start]))
            start++;
        return new StreamedText(from, all[start..], IsCut: true);
    }
}
