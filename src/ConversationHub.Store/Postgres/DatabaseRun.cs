using System.Globalization;

namespace ConversationHub.Store.Postgres;

/// <summary>What was seen of one run of the server over one database.</summary>
/// <param name="Name">Which run it is.</param>
/// <param name="StoreId">Of the store that the database held then.</param>
/// <param name="Place">Which database of which cluster, and its timeline.</param>
/// <param name="Flushed">How far its log is on its disk; null where the host does not tell.</param>
internal sealed record DatabaseRun(string Name, string StoreId, string Place, long? Flushed)
{
    /// <returns>Null for a text that is none: the database would refuse a place that is damaged, and with it the start.</returns>
    public static DatabaseRun? TryParse(string? text) =>
        text?.Split(' ') is [var name, var store, var place, var flushed] && long.TryParse(flushed, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
        && IsPlace(place)
            ? new DatabaseRun(name, store, place, position)
            : null;

    /// <returns>Null where the host tells no position: there is nothing to compare later.</returns>
    public string? ToText() => Flushed is { } position ? string.Create(CultureInfo.InvariantCulture, $"{Name} {StoreId} {Place} {position}") : null;

    private static bool IsPlace(string text) => text.Split('/') switch
    {
        [var database] => IsNumber(database),
        [var database, var cluster, var timeline] => IsNumber(database) && IsNumber(cluster) && int.TryParse(timeline, NumberStyles.None, CultureInfo.InvariantCulture, out _),
        _ => false,
    };

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
}
