using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConversationHub.Contracts;

/// <summary>The one way that both programs read and write JSON: source-generated, duplicate keys refused, depth up to 32.</summary>
public static class MaestraJson
{
    /// <summary>Compact UTF-8: only what JSON itself demands is escaped, since no body is ever put into HTML.</summary>
    public static readonly MaestraJsonContext Compact = new(Options(JavaScriptEncoder.UnsafeRelaxedJsonEscaping, indented: false));

    /// <summary>Indented by two spaces and escaped to ASCII, for the files that people and scripts read.</summary>
    public static readonly MaestraJsonContext Readable = new(Options(JavaScriptEncoder.Default, indented: true));

    /// <summary>How documents are read where fields are checked one by one.</summary>
    public static readonly JsonDocumentOptions Document = new()
    {
        MaxDepth = WireLimits.JsonDepth,
        AllowDuplicateProperties = false,
    };

    private static JsonSerializerOptions Options(JavaScriptEncoder encoder, bool indented) => new()
    {
        Encoder = encoder,
        WriteIndented = indented,
        NewLine = "\n",
        MaxDepth = WireLimits.JsonDepth,
        AllowDuplicateProperties = false,
        RespectRequiredConstructorParameters = true,
        Converters = { new WireTimeConverter() },
    };
}

/// <summary>Every type that crosses a wire or a disk.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AskRequest))]
[JsonSerializable(typeof(AskResponse))]
[JsonSerializable(typeof(LegacyAskRequest))]
[JsonSerializable(typeof(LegacyAskResponse))]
[JsonSerializable(typeof(Heartbeat))]
[JsonSerializable(typeof(TextDelta))]
[JsonSerializable(typeof(HealthReport))]
[JsonSerializable(typeof(MetricsReport))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(IReadOnlyList<ValidationError>))]
[JsonSerializable(typeof(ConversationDocument))]
[JsonSerializable(typeof(StreamedConversation))]
[JsonSerializable(typeof(ConversationPage))]
[JsonSerializable(typeof(ConversationSummary))]
[JsonSerializable(typeof(SearchAnswer))]
[JsonSerializable(typeof(EraseReceipt))]
[JsonSerializable(typeof(UserEraseReceipt))]
[JsonSerializable(typeof(ConversationIndex))]
[JsonSerializable(typeof(IReadOnlyList<ImportRecord>))]
[JsonSerializable(typeof(Operation))]
[JsonSerializable(typeof(MessageBody))]
[JsonSerializable(typeof(MessageMeta))]
[JsonSerializable(typeof(FieldBody))]
[JsonSerializable(typeof(EraseBody))]
[JsonSerializable(typeof(IdentityResponse))]
[JsonSerializable(typeof(RegisterPeerRequest))]
[JsonSerializable(typeof(RegisterPeerResponse))]
[JsonSerializable(typeof(SbtObject))]
[JsonSerializable(typeof(PeerList))]
[JsonSerializable(typeof(PeerStateRecord))]
[JsonSerializable(typeof(SyncRequest))]
[JsonSerializable(typeof(SyncResponse))]
[JsonSerializable(typeof(FramedSyncRequest))]
[JsonSerializable(typeof(FramedSyncResponse))]
[JsonSerializable(typeof(string))]
public sealed partial class MaestraJsonContext : JsonSerializerContext;
