using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Sync;

/// <summary>Operations as they stand in a body of <c>/sync</c>, and back (wire.md §9.4). Pure.</summary>
internal static class SyncWire
{
    private static readonly MessageMeta NoMeta = new();

    public static IReadOnlyList<SyncTombstone> Tombstones(SyncBatch batch) =>
    [
        .. batch.Operations.Where(static one => one.Erase is not null).Select(static one => new SyncTombstone
        {
            OpId = one.Id.ToString(),
            UserId = one.UserId,
            ConversationId = one.ConversationId,
            Scope = one.Erase!.Scope,
            Timestamp = one.Erase.Timestamp,
            Origin = one.Origin,
            Seq = one.Seq,
            Hlc = one.Hlc,
        }),
    ];

    /// <returns>Null when there are none.</returns>
    public static IReadOnlyList<SyncPlace>? Withheld(SyncBatch batch)
    {
        List<SyncPlace> places =
        [
            .. batch.Operations.Where(static one => one.Kind == SyncOperation.Withheld).Select(static one => new SyncPlace
            {
                OpId = one.Id.ToString(),
                UserId = one.UserId,
                Origin = one.Origin,
                Seq = one.Seq,
                Hlc = one.Hlc,
            }),
        ];
        return places.Count == 0 ? null : places;
    }

    public static IReadOnlyList<SyncConversation> Conversations(SyncBatch batch) =>
    [
        .. batch.Operations.Where(static one => one.Kind is OperationKind.Message or OperationKind.Field)
            .GroupBy(static one => (one.UserId, one.ConversationId))
            .Select(static group => Conversation(group.Key.UserId, group.Key.ConversationId!, [.. group])),
    ];

    /// <summary>True when each list is one and holds no null, which a reader of JSON lets through; single texts are looked at with their operation.</summary>
    public static bool IsWhole(
        IReadOnlyList<SyncTombstone?>? tombstones, IReadOnlyList<SyncConversation?>? conversations, IReadOnlyList<SyncPlace?>? withheld) =>
        conversations is not null
        && (tombstones ?? []).All(static one => one is not null)
        && (withheld ?? []).All(static one => one is not null)
        && conversations.All(static one => one is { ConversationId: not null }
            && (one.Messages as IReadOnlyList<SyncMessage?>)?.All(static message => message is { Content: not null, Role: not null }) == true
            && ((one.Fields as IReadOnlyList<SyncField?>) ?? []).All(static field => field is not null));

    /// <summary>Every operation of a body.</summary>
    /// <param name="problem">What is wrong, when the result is null.</param>
    public static List<SyncOperation>? Read(
        IReadOnlyList<SyncTombstone>? tombstones, IReadOnlyList<SyncConversation> conversations, IReadOnlyList<SyncPlace>? withheld, out string? problem)
    {
        var operations = new List<SyncOperation>();
        if (!IsWhole(tombstones, conversations, withheld))
        {
            problem = "a list, or one of its members, or a text in it is null";
            return null;
        }

        problem = null;
        foreach (var one in tombstones ?? [])
        {
            operations.Add(Operation(one.OpId, OperationKind.Erase, one.UserId, one.ConversationId, one.Origin, one.Seq, one.Hlc) with
            {
                Erase = new EraseBody { Scope = one.Scope, Timestamp = one.Timestamp },
            });
        }

        foreach (var one in withheld ?? [])
            operations.Add(Operation(one.OpId, SyncOperation.Withheld, one.UserId, null, one.Origin, one.Seq, one.Hlc));
        foreach (var conversation in conversations)
        {
            foreach (var message in conversation.Messages)
                operations.Add(Message(conversation, message));
            foreach (var field in conversation.Fields ?? [])
                operations.Add(Field(conversation, field));
        }

        if (operations.Any(static one => one.Id == Guid.Empty))
            problem = "an id of an operation is a UUID of 36 characters";
        else if (operations.Any(static one => one.Field is { Value.ValueKind: System.Text.Json.JsonValueKind.Undefined }))
            problem = "a field needs a value";
        return problem is null ? operations : null;
    }

    private static SyncConversation Conversation(string user, string id, IReadOnlyList<SyncOperation> operations)
    {
        var times = operations.Select(static one => one.Message?.Timestamp ?? one.Field?.Timestamp).OfType<DateTimeOffset>().ToList();
        return new SyncConversation
        {
            ConversationId = id,
            UserId = user,
            Title = operations.LastOrDefault(static one => one.Field is { Name: "title", Value.ValueKind: System.Text.Json.JsonValueKind.String })
                ?.Field!.Value.GetString(),
            CreatedAt = times.Count == 0 ? null : times.Min(),
            UpdatedAt = times.Count == 0 ? null : times.Max(),
            Messages = [.. operations.Where(static one => one.Kind == OperationKind.Message).Select(Message)],
            Fields = [.. operations.Where(static one => one.Kind == OperationKind.Field).Select(Field)],
        };
    }

    private static SyncMessage Message(SyncOperation one) => new()
    {
        MessageId = one.Id.ToString(),
        Role = one.Message?.Role ?? MessageRole.System,
        Content = one.Message?.Content ?? "",
        Timestamp = one.Message?.Timestamp,
        SourceBackend = one.Origin[..one.Origin.IndexOf('~', StringComparison.Ordinal)],
        Origin = one.Origin,
        Seq = one.Seq,
        Hlc = one.Hlc,
        Surface = one.Message?.Surface,
        Mode = one.Message?.Mode,
        Meta = one.Message?.Meta,
        Fingerprint = one.Message?.Fingerprint,
        Erased = one.Message is null,
    };

    private static SyncField Field(SyncOperation one) => new()
    {
        OpId = one.Id.ToString(),
        Name = one.Field?.Name ?? "",
        Value = one.Field?.Value,
        Timestamp = one.Field?.Timestamp ?? DateTimeOffset.UnixEpoch,
        Origin = one.Origin,
        Seq = one.Seq,
        Hlc = one.Hlc,
        Erased = one.Field is null,
    };

    private static SyncOperation Message(SyncConversation conversation, SyncMessage message) =>
        Operation(
            message.MessageId, OperationKind.Message, conversation.UserId ?? "", conversation.ConversationId, message.Origin ?? "", message.Seq ?? 0,
            message.Hlc ?? "") with
        {
            Message = message.Erased
                ? null
                : new MessageBody
                {
                    Role = message.Role,
                    Content = message.Content,
                    Surface = message.Surface ?? "import",
                    Mode = message.Mode,
                    Timestamp = message.Timestamp ?? DateTimeOffset.UnixEpoch,
                    Meta = message.Meta ?? NoMeta,
                    Fingerprint = message.Fingerprint,
                },
        };

    private static SyncOperation Field(SyncConversation conversation, SyncField field) =>
        Operation(field.OpId, OperationKind.Field, conversation.UserId ?? "", conversation.ConversationId, field.Origin, field.Seq, field.Hlc) with
        {
            Field = field.Erased ? null : new FieldBody { Name = field.Name, Value = field.Value ?? Null(), Timestamp = field.Timestamp },
        };

    /// <summary>A JSON null reads as no value at all, and says that something was unlinked.</summary>
    private static System.Text.Json.JsonElement Null()
    {
        using var document = System.Text.Json.JsonDocument.Parse("null");
        return document.RootElement.Clone();
    }

    private static SyncOperation Operation(string? id, string kind, string? user, string? conversation, string? origin, long seq, string? hlc) => new()
    {
        Id = OperationId.TryParse(id, out var known) ? known.Value : Guid.Empty,
        Kind = kind,
        UserId = user ?? "",
        ConversationId = conversation,
        Origin = origin ?? "",
        Seq = seq,
        Hlc = hlc ?? "",
    };
}
