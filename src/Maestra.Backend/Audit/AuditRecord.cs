using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Contracts;
using Maestra.Backend.Logging;

namespace Maestra.Backend.Audit;

/// <summary>One link of the chain, ready to be written (wire.md §11). Immutable.</summary>
/// <param name="Timestamp">When it happened.</param>
/// <param name="Json">The whole record as one line of JSON, without a line end.</param>
/// <param name="Hash">64 hex digits; the next record's <c>prev</c>.</param>
internal sealed record AuditRecord(DateTimeOffset Timestamp, string Json, string Hash)
{
    public const string HashField = "hash";
    public const string PrevField = "prev";
    public const string ChainField = "chain";
    public const string SeqField = "seq";

    /// <summary>What the very first record follows.</summary>
    public static readonly string NoHash = new('0', 64);

    private const int MaxTextCharacters = 256;

    /// <summary>Its number in the chain.</summary>
    public long Seq { get; init; }

    /// <summary>Null where nobody asks what becomes of it.</summary>
    public AuditReceipt? Receipt { get; init; }

    /// <summary>What it tells to be missing, and in which sink; null for every other record.</summary>
    public (string Sink, AuditGap Gap)? Missing { get; init; }

    /// <summary>Makes the record that follows the one with hash <paramref name="prev"/>. Pure.</summary>
    public static AuditRecord Make(string chain, long seq, DateTimeOffset time, AuditEvent happened, string prev)
    {
        var details = new JsonObject();
        foreach (var detail in happened.Details)
            details[Clean(detail.Name)] = detail.Text is { } text ? JsonValue.Create(Clean(text)) : JsonValue.Create(detail.Number);
        var record = new JsonObject
        {
            [ChainField] = chain,
            [SeqField] = seq,
            ["timestamp"] = WireTime.Format(time),
            ["event"] = Clean(happened.Name),
            ["actor"] = Clean(happened.Actor),
            ["subject"] = Clean(happened.Subject),
            ["outcome"] = Clean(happened.Outcome),
            ["request_id"] = happened.RequestId?.ToString(),
            ["details"] = details,
            [PrevField] = prev,
        };
        var hash = HashOf(record);
        record[HashField] = hash;
        return new AuditRecord(time, record.ToJsonString(), hash) { Seq = seq };
    }

    /// <summary>The hash of a record without its own hash.</summary>
    /// <exception cref="FormatException">It holds a number that is no whole one.</exception>
    public static string HashOf(JsonObject withoutHash) => Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Serialize(withoutHash)));

    /// <summary>Bounded, on one line, and always encodable: what is written must have the hash that was computed.</summary>
    private static string Clean(string text)
    {
        var clean = LogText.Clean(text.Length > MaxTextCharacters ? text[..MaxTextCharacters] : text);
        return FreeText.IsStorable(clean) ? clean : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(clean));
    }
}
