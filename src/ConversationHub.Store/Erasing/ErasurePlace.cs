using System.Globalization;

namespace ConversationHub.Store.Erasing;

/// <summary>How far a stream was looked through for erasures. Erasures of a peer come before their turn, so those beyond a gap are named. Immutable.</summary>
/// <param name="UpTo">All that are at or before it.</param>
/// <param name="Beyond">And these.</param>
/// <remarks>As text <c>{origin}={up to}[,{beyond}]…</c>, with a space between streams.</remarks>
internal sealed record ErasurePlace(int UpTo, IReadOnlySet<int> Beyond)
{
    public static readonly ErasurePlace Beginning = new(0, new HashSet<int>());

    public bool Covers(int seq) => seq <= UpTo || Beyond.Contains(seq);

    public static string Format(IReadOnlyDictionary<string, ErasurePlace> places) => string.Join(
        ' ', places.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(static one => string.Create(
            CultureInfo.InvariantCulture, $"{one.Key}={one.Value.UpTo}{string.Concat(one.Value.Beyond.Order().Select(static seq => "," + seq.ToString(CultureInfo.InvariantCulture)))}")));

    /// <summary>What is no place of a stream is left out: it is looked through from its beginning.</summary>
    public static Dictionary<string, ErasurePlace> Parse(string? text)
    {
        var places = new Dictionary<string, ErasurePlace>(StringComparer.Ordinal);
        foreach (var part in (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Split('=') is not [var origin, var numbers])
                continue;
            var read = numbers.Split(',').Select(static one => int.TryParse(one, NumberStyles.None, CultureInfo.InvariantCulture, out var seq) ? seq : -1).ToList();
            if (!read.Contains(-1))
                places[origin] = new ErasurePlace(read[0], read.Skip(1).ToHashSet());
        }

        return places;
    }
}
