using System.Buffers;
using System.Globalization;
using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Costs;

/// <summary>
/// The content of <c>maestra_cost_tracker.json</c> (wire.md §8): USD by UTC day, and by month. It keeps the newest 400 days.
/// Does no I/O; not thread-safe.
/// </summary>
internal sealed class CostBook
{
    public const int KeptDays = 400;
    private const int KeptMonths = 15;
    private const string DayFormat = "yyyy-MM-dd";
    private const string MonthFormat = "yyyy-MM";
    private const string MonthPrefix = "monthly_total_";
    private const decimal MaxUsd = 1_000_000_000;

    private readonly SortedDictionary<DateOnly, decimal> _days = [];

    /// <summary>By the first day of each month.</summary>
    private readonly SortedDictionary<DateOnly, decimal> _months = [];

    /// <param name="error">What is wrong with the file; null when nothing is.</param>
    /// <returns>Null when it cannot be read: nothing may then be taken for unspent.</returns>
    public static CostBook? Parse(ReadOnlyMemory<byte> json, out string? error)
    {
        var book = new CostBook();
        error = null;
        try
        {
            using var document = JsonDocument.Parse(json, MaestraJson.Document);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                error = "holds no JSON object";
            else
                error = document.RootElement.EnumerateObject().Select(book.Read).FirstOrDefault(mistake => mistake is not null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            error = "is not JSON";
        }

        if (error is not null)
            return null;
        book.FillMonths();
        return book;
    }

    public CostTotals Totals(DateOnly day) => new(_days.GetValueOrDefault(day), _months.GetValueOrDefault(Month(day)));

    /// <summary>Adds to a day and its month; a negative amount takes away, never below nothing.</summary>
    public void Add(DateOnly day, decimal usd)
    {
        _days[day] = Math.Max(0, _days.GetValueOrDefault(day) + usd);
        _months[Month(day)] = Math.Max(0, _months.GetValueOrDefault(Month(day)) + usd);
    }

    /// <summary>
    /// Forgets what is older than the newest days that are kept, and months likewise. It counts days that are there: one call while the clock is
    /// years ahead must not make it forget what was spent today.
    /// </summary>
    public void Prune()
    {
        foreach (var day in _days.Keys.SkipLast(KeptDays).ToArray())
            _days.Remove(day);
        foreach (var month in _months.Keys.SkipLast(KeptMonths).ToArray())
            _months.Remove(month);
    }

    /// <summary>Days first, then months, oldest first; ends with a newline.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (day, usd) in _days)
                json.WriteNumber(day.ToString(DayFormat, CultureInfo.InvariantCulture), Trim(usd));
            foreach (var (month, usd) in _months)
                json.WriteNumber(MonthPrefix + month.ToString(MonthFormat, CultureInfo.InvariantCulture), Trim(usd));
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <returns>What is wrong with the member; null when nothing is, or it is none of ours.</returns>
    private string? Read(JsonProperty member)
    {
        var isMonth = member.Name.StartsWith(MonthPrefix, StringComparison.Ordinal);
        var (text, format, into) = isMonth ? (member.Name[MonthPrefix.Length..], MonthFormat, _months) : (member.Name, DayFormat, _days);
        if (!DateOnly.TryParseExact(text, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            return isMonth ? $"'{member.Name}' is no month" : null;
        if (member.Value.ValueKind != JsonValueKind.Number || !member.Value.TryGetDecimal(out var usd) || usd is < 0 or > MaxUsd)
            return $"'{member.Name}' is no amount of USD";
        into[date] = usd;
        return null;
    }

    /// <summary>A month is never less than its days: a file that was edited, or has days only, counts in full.</summary>
    private void FillMonths()
    {
        foreach (var month in _days.GroupBy(entry => Month(entry.Key)))
            _months[month.Key] = Math.Max(_months.GetValueOrDefault(month.Key), month.Sum(entry => entry.Value));
    }

    private static DateOnly Month(DateOnly day) => new(day.Year, day.Month, 1);

    /// <summary>Without the zeros that arithmetic leaves behind the point.</summary>
    private static decimal Trim(decimal usd) => usd / 1.0000000000000000000000000000m;
}
