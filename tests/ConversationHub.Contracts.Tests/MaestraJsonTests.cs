using System.Text;
using System.Text.Json;

namespace ConversationHub.Contracts.Tests;

public sealed class MaestraJsonTests
{
    [Fact]
    public void AskRequest_ExampleOfSection2_IsWrittenToTheByte()
    {
        var request = new AskRequest
        {
            UserId = "ada",
            SurfaceId = "windsurf",
            ConversationId = "conv_2026-01-05_ada_406e64f1",
            Message = "What changed in the parser?",
        };

        Assert.Equal(
            """{"user_id":"ada","surface_id":"windsurf","conversation_id":"conv_2026-01-05_ada_406e64f1","message":"What changed in the parser?","mode_hint":null,"surface_context":null}""",
            JsonSerializer.Serialize(request, MaestraJson.Compact.AskRequest));
    }

    [Fact]
    public void AskResponse_ExampleOfSection2_IsWrittenToTheByte()
    {
        var response = new AskResponse
        {
            Reply = "Two rules were merged.",
            Mode = "advisor",
            ConversationId = "conv_2026-01-05_ada_406e64f1",
            Source = "local",
            Meta = new ReplyMeta
            {
                LatencyMs = 812,
                Model = "recall",
                Tokens = 0,
                CostUsd = 0.0m,
                RequestId = "7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11",
                OperationId = "019b8d7d-f23b-7a1b-ac3d-4e5f60718293",
                Provider = "offline",
                Replayed = false,
            },
        };

        Assert.Equal(
            """{"reply":"Two rules were merged.","mode":"advisor","conversation_id":"conv_2026-01-05_ada_406e64f1","source":"local","version":"2.0.0","artifacts":[],"actions":[],"meta":{"latency_ms":812,"model":"recall","tokens":0,"cost_usd":0.0,"request_id":"7d0c0f3e-6a52-4c0f-9d0e-0f6f2b8f1a11","operation_id":"019b8d7d-f23b-7a1b-ac3d-4e5f60718293","provider":"offline","replayed":false}}""",
            JsonSerializer.Serialize(response, MaestraJson.Compact.AskResponse));
    }

    [Fact]
    public void Deserialize_DuplicateKey_IsRefused() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"name":"a","name":"b","value":1,"timestamp":"2026-01-05T09:30:00Z"}""", MaestraJson.Compact.FieldBody));

    [Fact]
    public void Deserialize_RequiredFieldMissing_IsRefused() =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"name":"a"}""", MaestraJson.Compact.FieldBody));

    [Fact]
    public void Deserialize_UnknownField_IsIgnored() =>
        Assert.Equal("user", JsonSerializer.Deserialize("""{"scope":"user","timestamp":"2026-01-05T09:30:00","later":[1]}""", MaestraJson.Compact.EraseBody)!.Scope);

    [Fact]
    public void Readable_TextBeyondAscii_IsEscaped()
    {
        var json = JsonSerializer.SerializeToUtf8Bytes("naïve 😀", MaestraJson.Readable.String);

        Assert.Equal("\"na\\u00EFve \\uD83D\\uDE00\"", Encoding.ASCII.GetString(json));
    }

    /// <summary>Every type that a wire or a disk sees is reachable from the context: reflection-based JSON is off.</summary>
    [Fact]
    public void Context_EveryWireRecord_IsKnown()
    {
        var records = typeof(AskRequest).Assembly.GetTypes()
            .Where(static type => type is { IsPublic: true, IsAbstract: false } && type.GetProperties().Any(static property =>
                property.IsDefined(typeof(System.Text.Json.Serialization.JsonPropertyNameAttribute), inherit: false)));

        Assert.All(records, static type => Assert.NotNull(MaestraJson.Compact.GetTypeInfo(type)));
    }
}
