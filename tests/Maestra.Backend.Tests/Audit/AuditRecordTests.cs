using System.Text.Json.Nodes;
using ConversationHub.Testing.Time;
using Maestra.Backend.Audit;

namespace Maestra.Backend.Tests.Audit;

/// <summary>One link of the chain (wire.md §11).</summary>
public sealed class AuditRecordTests
{
    private static readonly DateTimeOffset Time = new ManualTimeProvider().GetUtcNow();

    [Fact]
    public void Make_TheExampleOfTheSpecification_IsTheSameLine()
    {
        var happened = new AuditEvent(AuditEventName.Startup, AuditOutcome.Ok, AuditEvent.System, "local_sha256_eed292c6e467c8ef")
        {
            Details = [AuditDetail.Of("mode", "local"), AuditDetail.Of("version", "2.0.0")],
        };

        var record = AuditRecord.Make("6b0a2f5e9d134c87", 1, Time, happened, AuditRecord.NoHash);

        Assert.Equal(
            """{"chain":"6b0a2f5e9d134c87","seq":1,"timestamp":"2026-01-05T09:30:00.000000Z","event":"startup","actor":"system","subject":"local_sha256_eed292c6e467c8ef","outcome":"ok","request_id":null,"details":{"mode":"local","version":"2.0.0"},"prev":"0000000000000000000000000000000000000000000000000000000000000000","hash":"e367ff18831ccca86f3ca0aacfd279de150dfeeb8fcd365408daeb199249609e"}""",
            record.Json);
    }

    // Not in an attribute: attributes hold no half of a surrogate pair.
    public static TheoryData<string, string> Hostile => new() { { "a\nb\u202Ec", "a bc" }, { "half \ud83d of a pair", "half \uFFFD of a pair" } };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Make_TextThatCouldForgeALine_IsCleanedAndStillHasItsHash(string sent, string kept)
    {
        var record = AuditRecord.Make("c", 1, Time, new AuditEvent("e", "ok", sent, sent), AuditRecord.NoHash);

        var read = JsonNode.Parse(record.Json)!.AsObject();
        read.Remove(AuditRecord.HashField);
        Assert.Equal(kept, (string?)read["actor"]);
        Assert.Equal(record.Hash, AuditRecord.HashOf(read));
        Assert.DoesNotContain('\n', record.Json);
    }

    [Fact]
    public void Make_LongText_IsBounded()
    {
        var record = AuditRecord.Make("c", 1, Time, new AuditEvent("e", "ok", new string('a', 5000), "s"), AuditRecord.NoHash);

        Assert.InRange(record.Json.Length, 1, 1000);
    }
}
