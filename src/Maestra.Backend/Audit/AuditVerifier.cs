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
internal sealed record AuditVerdict(long Records, int Chains, string LastHash, string? Broken, bool TornTail);

/// <summary>Checks the chain: every record's own hash, its link to the one before, and its number (wire.md §11). Pure.</summary>
internal static class AuditVerifier
{
    /// <param name="lines">Of all files, oldest first.</param>
    /// <param name="beginsAtStart">False when older files were rotated away: the first record may then follow one that is gone.</param>
    /// <param name="expected">A hash that must occur, noted earlier: so a cut end is seen as well. Null: not known.</param>
    public static AuditVerdict Verify(IEnumerable<AuditLine> lines, bool beginsAtStart, string? expected)
    {
        long records = 0;
        var chains = 0;
        var (prev, chain, seq) = (beginsAtStart ? AuditRecord.NoHash : null, "", 0L);
        var met = expected is null;
        AuditLine? torn = null;
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
            records++;
            chains += next.Chain == chain ? 0 : 1;
            (prev, chain, seq) = (next.Hash, next.Chain, next.Seq);
            met |= next.Hash == expected;
        }

        return new AuditVerdict(records, chains, prev ?? AuditRecord.NoHash,
            met ? null : $"no record has the expected hash {expected}: what followed record {records} was cut off, or replaced", torn is not null);

        AuditVerdict Broken(AuditLine line, string wrong) =>
            new(records, chains, prev ?? AuditRecord.NoHash, $"{line.File} line {line.Number}: {wrong}", TornTail: false);
    }

    private static string? Check(string text, string? prev, string chain, long seq, out (string Hash, string Chain, long Seq) record)
    {
        record = default;
        if (AuditLog.TryParse(text) is not { } json
            || !TryGet(json, AuditRecord.HashField, out string? hash) || !TryGet(json, AuditRecord.PrevField, out string? before)
            || !TryGet(json, AuditRecord.ChainField, out string? its) || !TryGet(json, AuditRecord.SeqField, out long number))
        {
            return "it is no audit record";
        }

        record = (hash!, its!, number);
        json.Remove(AuditRecord.HashField);
        if (!HasHash(json, hash!))
            return "its content does not have its hash: it was changed";
        if (prev is not null && before != prev)
            return "it does not follow the record before it: records are missing, or were put in another order";

        // After a rotation the first record that is left may stand anywhere in its chain.
        var follows = its == chain ? number == seq + 1 : number == 1 || prev is null;
        return follows ? null : $"its number is {number}: records are missing";
    }

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
}
