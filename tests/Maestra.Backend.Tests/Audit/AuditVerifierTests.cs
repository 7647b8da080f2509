using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;

namespace Maestra.Backend.Tests.Audit;

/// <summary>What a changed, missing, moved or cut record looks like to <c>audit verify</c> (T52).</summary>
public sealed class AuditVerifierTests
{
    private static readonly string[] Sound = Chain("aaaa", AuditRecord.NoHash, 3) is var first ? [.. first, .. Chain("bbbb", Hash(first[^1]), 2)] : [];

    [Fact]
    public void Verify_Sound_CountsRecordsAndChains()
    {
        var verdict = Verify(Sound);

        Assert.Equal((5, 2, Hash(Sound[^1]), null, false), (verdict.Records, verdict.Chains, verdict.LastHash, verdict.Broken, verdict.TornTail));
    }

    [Fact]
    public void Verify_AnyByteChanged_NamesThatRecord_T52()
    {
        for (var line = 0; line < Sound.Length; line++)
        {
            for (var at = 0; at < Sound[line].Length; at++)
            {
                var changed = Sound.ToArray();
                changed[line] = string.Concat(Sound[line].AsSpan(0, at), Sound[line][at] == '0' ? "1" : "0", Sound[line].AsSpan(at + 1));

                Assert.StartsWith($"audit.log line {line + 1}: ", Verify(changed).Broken, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 3)]
    [InlineData(3, 4)]
    public void Verify_RecordIsMissing_NamesTheOneAfterIt(int missing, int named)
    {
        var verdict = Verify([.. Sound.Where((_, line) => line != missing)]);

        Assert.StartsWith($"audit.log line {named}: ", verdict.Broken, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_RecordsChangedPlaces_IsBroken() =>
        Assert.StartsWith("audit.log line 2: ", Verify([Sound[0], Sound[2], Sound[1], Sound[3], Sound[4]]).Broken, StringComparison.Ordinal);

    [Fact]
    public void Verify_EndIsCut_IsSeenByWhoeverNotedTheLastHash()
    {
        var cut = Sound[..4];

        Assert.Null(Verify(cut).Broken);
        Assert.Contains("cut off", Verify(cut, expected: Hash(Sound[^1])).Broken, StringComparison.Ordinal);
        Assert.Null(Verify(Sound, expected: Hash(Sound[2])).Broken);
    }

    [Fact]
    public void Verify_LastLineIsTorn_IsNoFault()
    {
        var lines = Lines(Sound).ToList();
        lines.Add(new AuditLine("audit.log", 6, Sound[^1][..20], IsWhole: false));

        var verdict = AuditVerifier.Verify(lines, beginsAtStart: true, expected: null);

        Assert.Equal((5, null, true), (verdict.Records, verdict.Broken, verdict.TornTail));
    }

    /// <summary>Taking one line end away must not hide what follows from the check.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Verify_ALineWithOthersBehindItIsTorn_IsBroken(int torn)
    {
        var lines = Lines(Sound).Select((line, index) => line with { IsWhole = index != torn });

        var verdict = AuditVerifier.Verify(lines, beginsAtStart: true, expected: null);

        Assert.StartsWith($"audit.log line {torn + 1}: it is incomplete", verdict.Broken, StringComparison.Ordinal);
    }

    [Fact]
    public void Verify_OlderFilesWereRotatedAway_BeginsInTheMiddle()
    {
        Assert.NotNull(AuditVerifier.Verify(Lines(Sound[1..]), beginsAtStart: true, expected: null).Broken);
        Assert.Null(AuditVerifier.Verify(Lines(Sound[1..]), beginsAtStart: false, expected: null).Broken);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("""{"hash":"a","prev":"b","chain":"c","seq":"1"}""")]
    [InlineData("""{"hash":"a","prev":"0000000000000000000000000000000000000000000000000000000000000000","chain":"c","seq":1,"details":1.5}""")]
    public void Verify_NoRecordAtAll_IsBroken(string line) => Assert.StartsWith("audit.log line 1: ", Verify([line]).Broken, StringComparison.Ordinal);

    /// <summary>Where the chain itself says that the file lost records, nobody took them away; where it does not, or not all, somebody may have.</summary>
    [Theory]
    [InlineData(2, 3, 2, 3, 2)]
    [InlineData(1, 3, 1, 3, 3)]
    [InlineData(2, 3, 1, 4, 2)]
    [InlineData(2, 3, 2, 2, null)]
    [InlineData(2, 3, 3, 3, null)]
    [InlineData(2, 3, 4, 9, null)]
    public void Verify_RecordsTheFileLost_AreCountedWhereTheChainSaysSo(int from, int to, int toldFrom, int toldTo, int? dropped)
    {
        var whole = Chain("aaaa", AuditRecord.NoHash, 5, Dropped(6, toldFrom, toldTo));

        var verdict = Verify([.. whole.Where((_, line) => line < from - 1 || line > to - 1)]);

        Assert.Equal(dropped ?? 0, dropped is null ? 0 : verdict.Dropped);
        if (dropped is null)
            Assert.StartsWith($"audit.log line {from}: it does not follow", verdict.Broken, StringComparison.Ordinal);
        else
            Assert.Null(verdict.Broken);
    }

    /// <summary>What is said of another sink, or by another chain, says nothing of this gap.</summary>
    [Theory]
    [InlineData("webhook", "aaaa")]
    [InlineData("file", "bbbb")]
    public void Verify_RecordsMissing_OfWhichOnlyAnotherSinkOrChainTells_IsBroken(string sink, string chain)
    {
        var first = Chain("aaaa", AuditRecord.NoHash, 3);
        var told = Chain(chain, Hash(first[^1]), 1, Dropped(2, 2, 2, sink));
        var lines = chain == "aaaa" ? Chain("aaaa", AuditRecord.NoHash, 3, Dropped(4, 2, 2, sink)) : [.. first, .. told];

        Assert.StartsWith("audit.log line 2: it does not follow", Verify([lines[0], .. lines[2..]]).Broken, StringComparison.Ordinal);
    }

    private static (int Seq, AuditEvent Event) Dropped(int seq, long first, long last, string sink = FileSink.SinkName) => (
        seq, new AuditEvent(AuditEventName.RecordsDropped, AuditOutcome.Failed, AuditEvent.System, sink)
        {
            Details = [AuditDetail.Of(AuditVerifier.FirstField, first), AuditDetail.Of(AuditVerifier.LastField, last)],
        });

    private static string[] Chain(string chain, string prev, int count, params (int Seq, AuditEvent Event)[] more)
    {
        var lines = new List<string>();
        for (var seq = 1; seq <= count + more.Length; seq++)
        {
            var happened = more.FirstOrDefault(one => one.Seq == seq).Event ?? new AuditEvent("startup", "ok", "system", "s");
            var record = AuditRecord.Make(chain, seq, new ManualTimeProvider().GetUtcNow(), happened, prev);
            prev = record.Hash;
            lines.Add(record.Json);
        }

        return [.. lines];
    }

    private static string Hash(string line) => (string)AuditLog.TryParse(line)![AuditRecord.HashField]!;

    private static AuditVerdict Verify(string[] lines, string? expected = null) => AuditVerifier.Verify(Lines(lines), beginsAtStart: true, expected);

    private static IEnumerable<AuditLine> Lines(string[] lines) => lines.Select((line, index) => new AuditLine("audit.log", index + 1, line, IsWhole: true));
}
