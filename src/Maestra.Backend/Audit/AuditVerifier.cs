using System.Text.Json.Nodes;

namespace Maestra.Backend.Audit;

/// <summary>One line of an audit file.</summary>
/// <param name="IsWhole">Whether a line end follows it.</param>
internal readonly record struct AuditLine(string File, long Number, string Text, bool IsWhole);

/// <summary>What a verification found.</summary>
/// <param name="Records">Sound ones, up to the first broken one.</param>
/// <param name="Chains">Starts of the backend among them.</param>
/// <param name="LastHash">Of the last sound record.</param>
/// <param name="Broken">The first broken record and what is wrong with it; null when all is sound.</param>
/// <param name="TornTail">The last line is incomplete: being written at this moment, or left by a kill.</param>
/// <param name="Dropped">Records that are missing and of which the chain itself says that the file could not take them.</param>
internal sealed record AuditVerdict(long Records, int Chains, string LastHash, string? Broken, bool TornTail, long Dropped);

/// <summary>
/// Checks the chain: every record's own hash, its link to the one before, and its number (wire.md §11). Where numbers are missing, a later record of
/// the same chain must say that the file lost them (docs/decisions/0069). Pure.
/// </summary>
internal static class AuditVerifier
{
    public const string FirstField = "first";
    public const string LastField = "last";

    /// <param name="lines">Of all files, oldest first.</param>
    /// <param name="beginsAtStart">False when older files were rotated away: the first record may then follow one that is gone.</param>
    /// <param name="expected">A hash that must occur, noted earlier: so a cut end is seen as well. Null: not known.</param>
    public static AuditVerdict Verify(IEnumerable<AuditLine> lines, bool beginsAtStart, string? expected)
    {
        long records = 0;
        var (chains, dropped) = (0, 0L);
        var (prev, chain, seq) = (beginsAtStart ? AuditRecord.NoHash : null, "", 0L);
        var met = expected is null;
        AuditLine? torn = null;
        var open = new List<OpenGap>();
        foreach (var line in lines)
        {
            // Only the very last line may be incomplete: one with others behind it would hide them all.
            if (torn is { } cut)
                return Broken(cut, "it is incomplete, and other records follow");
            if (!line.IsWhole)
            {
                torn = line;
                continue;
            }

            if (Check(line.Text, prev, chain, seq, out var next) is { } wrong)
                return Broken(line, wrong);
            if (next.Chain != chain && open.Count > 0)
                return Broken(line, "");
            if (Missing(prev, chain, seq, next) is { } gap)
                open.Add(new OpenGap(gap, line, records, prev!));
            if (next.Told is { } told)
                dropped += Close(open, told);
            records++;
            chains += next.Chain == chain ? 0 : 1;
            (prev, chain, seq) = (next.Hash, next.Chain, next.Seq);
            met |= next.Hash == expected;
        }

        return open.Count > 0
            ? Broken(default, "")
            : new AuditVerdict(
                records, chains, prev ?? AuditRecord.NoHash,
                met ? null : $"no record has the expected hash {expected}: what followed record {records} was cut off, or replaced", torn is not null, dropped);

        // What is missing comes before whatever else is wrong: it lies further up.
        AuditVerdict Broken(AuditLine line, string wrong) => open is [var first, ..]
            ? new(first.Records, chains, first.LastHash, Text(first.Line, "it does not follow the record before it: records are missing, or were put in another order"), TornTail: false, dropped)
            : new(records, chains, prev ?? AuditRecord.NoHash, Text(line, wrong), TornTail: false, dropped);
    }

    private static string Text(AuditLine line, string wrong) => $"{line.File} line {line.Number}: {wrong}";

    /// <summary>Records are missing before this one, as its number and the hash it follows both say.</summary>
    private static AuditGap? Missing(string? prev, string chain, long seq, Link next)
    {
        var expected = next.Chain == chain ? seq + 1 : 1;
        return prev is not null && next.Prev != prev && next.Seq > expected ? new AuditGap(expected, next.Seq - 1) : null;
    }

    /// <summary>Takes from the open gaps what a record says was dropped.</summary>
    /// <returns>How many records that are.</returns>
    private static long Close(List<OpenGap> open, AuditGap told)
    {
        var before = open.Sum(static one => one.Gap.Last - one.Gap.First + 1);
        var left = open.SelectMany(one => one.Gap.Without(told).Select(rest => one with { Gap = rest })).ToList();
        open.Clear();
        open.AddRange(left);
        return before - left.Sum(static one => one.Gap.Last - one.Gap.First + 1);
    }

    private static string? Check(string text, string? prev, string chain, long seq, out Link record)
    {
        record = default;
        if (AuditLog.TryParse(text) is not { } json
            || !TryGet(json, AuditRecord.HashField, out string? hash) || !TryGet(json, AuditRecord.PrevField, out string? before)
            || !TryGet(json, AuditRecord.ChainField, out string? its) || !TryGet(json, AuditRecord.SeqField, out long number))
        {
            return "it is no audit record";
        }

        record = new Link(hash!, before!, its!, number, Told(json));
        json.Remove(AuditRecord.HashField);
        if (!HasHash(json, hash!))
            return "its content does not have its hash: it was changed";
        if (Missing(prev, chain, seq, record) is not null)
            return null;
        if (prev is not null && before != prev)
            return "it does not follow the record before it: records are missing, or were put in another order";

        // After a rotation the first record that is left may stand anywhere in its chain.
        var follows = its == chain ? number == seq + 1 : number == 1 || prev is null;
        return follows ? null : $"its number is {number}: records are missing";
    }

    private static AuditGap? Told(JsonObject json) =>
        TryGet(json, "event", out string? name) && name == AuditEventName.RecordsDropped
        && TryGet(json, "subject", out string? sink) && sink == FileSink.SinkName
        && json["details"] is JsonObject details && TryGet(details, FirstField, out long first) && TryGet(details, LastField, out long last)
            ? new AuditGap(first, last)
            : null;

    private static bool HasHash(JsonObject withoutHash, string hash)
    {
        try
        {
            return AuditRecord.HashOf(withoutHash) == hash;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static bool TryGet<T>(JsonObject json, string name, out T? value)
    {
        value = default;
        return json[name] is JsonValue found && found.TryGetValue(out value);
    }

    /// <summary>What a record says of its place.</summary>
    /// <param name="Told">What it says the file has lost; null for every other record.</param>
    private readonly record struct Link(string Hash, string Prev, string Chain, long Seq, AuditGap? Told);

    /// <summary>Missing numbers of the chain that is being read, and what was sound when they were met.</summary>
    private sealed record OpenGap(AuditGap Gap, AuditLine Line, long Records, string LastHash);
}
