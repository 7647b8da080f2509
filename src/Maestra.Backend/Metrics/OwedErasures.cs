using System.Globalization;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Metrics;

/// <summary>
/// Erasures that the metrics file still owes, since it could not be rewritten when they were asked for. They are kept in a small file
/// beside it, as far as the disk lets them, so that a restart does not forget them. Not thread-safe: its one writer owns it.
/// </summary>
/// <remarks>
/// A line each: the pseudonyms with commas between them, a tab, the conversations likewise, and for lines up to a time a tab and that time in ticks of UTC;
/// an empty part stands for any.
/// </remarks>
internal sealed class OwedErasures
{
    public const string Extension = ".owed";
    private const int MaxOwed = 1000;
    private const char Tab = '\t';

    private readonly string _path;
    private readonly List<ErasedLines> _owed;

    private OwedErasures(string path, IEnumerable<ErasedLines> owed) => (_path, _owed) = (path, [.. owed]);

    public IReadOnlyCollection<ErasedLines> All => _owed;

    /// <summary>What an earlier process owed.</summary>
    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    public static OwedErasures Load(string path) =>
        new(path, File.Exists(path) ? File.ReadLines(path).Select(TryParse).OfType<ErasedLines>().Take(MaxOwed) : []);

    /// <summary>Owes these too, each once.</summary>
    public void Add(IReadOnlyCollection<ErasedLines> erased)
    {
        var known = _owed.Select(Format).ToHashSet(StringComparer.Ordinal);
        var added = erased.Where(lines => known.Add(Format(lines))).Take(MaxOwed - _owed.Count).ToList();
        if (added.Count == 0)
            return;
        _owed.AddRange(added);
        try
        {
            OwnerOnlyFile.Replace(_path, string.Concat(_owed.Select(static lines => Format(lines) + "\n")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk that refused the erasure refuses this too; while the process lives it is owed all the same.
        }
    }

    /// <summary>All are paid.</summary>
    public void Clear()
    {
        _owed.Clear();
        try
        {
            File.Delete(_path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Paid once more at the next start, which changes nothing.
        }
    }

    private static string Format(ErasedLines lines) => string.Create(
        CultureInfo.InvariantCulture, $"{string.Join(',', lines.Users ?? [])}{Tab}{string.Join(',', lines.Conversations ?? [])}{(lines.UpTo is { } time ? $"{Tab}{time.UtcTicks}" : "")}");

    private static ErasedLines? TryParse(string line)
    {
        var parts = line.Split(Tab);
        if (parts is not [var users, var conversations, .. var rest] || users.Length + conversations.Length == 0 || !TryTime(rest, out var upTo))
            return null;
        return new ErasedLines(users.Length == 0 ? null : users.Split(','), conversations.Length == 0 ? null : conversations.Split(','), upTo);
    }

    private static bool TryTime(string[] rest, out DateTimeOffset? time)
    {
        time = null;
        if (rest is [])
            return true;
        if (rest is not [var text] || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTimeOffset.MaxValue.UtcTicks)
            return false;
        time = new DateTimeOffset(ticks, TimeSpan.Zero);
        return true;
    }
}
