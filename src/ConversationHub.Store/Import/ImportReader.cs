using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Conversations;
using ConversationHub.Store.Log;
using ConversationHub.Store.Sync;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store.Import;

/// <summary>Reads a file of the earlier backend, whose fields may be missing. A function of the bytes and of the latest time a clock may have.</summary>
internal static class ImportReader
{
    private const int MaxDepth = 64;

    /// <summary>A line of the log must hold it with all names beside it, or it could not be read back.</summary>
    private const int MaxBodyBytes = LogLine.MaxBytes - (64 << 10);

    /// <param name="latest">No imported clock lies after it.</param>
    /// <param name="problem">Why the file is none of the earlier backend's.</param>
    /// <returns>Null when there is a problem.</returns>
    public static ImportedFile? TryRead(ReadOnlyMemory<byte> bytes, UserId defaultOwner, DateTimeOffset latest, out string? problem)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = MaxDepth });
            return TryRead(document.RootElement, defaultOwner, latest, out problem);
        }
        catch (InvalidOperationException)
        {
            // The framework says so of text that is no Unicode, and only when it is asked for that text.
            problem = "text that is no Unicode (half of a surrogate pair), which cannot be stored";
            return null;
        }
        catch (JsonException mistake)
        {
            problem = $"no JSON (line {mistake.LineNumber + 1})";
            return null;
        }
#pragma warning disable CA1031 // Whatever it is, one file cannot be read; a start, a question or a view must not end of it.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            problem = "cannot be read: " + bug.Message;
            return null;
        }
    }

    private static ImportedFile? TryRead(JsonElement root, UserId defaultOwner, DateTimeOffset latest, out string? problem)
    {
        if (root.ValueKind != JsonValueKind.Object || ImportedIds.Conversation(Text(root, "id")) is not { } id)
        {
            problem = "no object with an \"id\"";
            return null;
        }

        if (!root.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
        {
            problem = "no \"messages\" array";
            return null;
        }

        var owner = UserId.TryParse(Text(root, "owner"), out var named) ? named : defaultOwner;
        var meta = root.TryGetProperty("meta", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        var created = Time(meta, "created_at", latest) ?? Time(root, "created_at", latest) ?? DateTimeOffset.UnixEpoch;
        var importedId = Text(root, "id") == id.ToString() ? null : Short(root, "id");
        var operations = new List<(OperationDraft, HybridTimestamp)>();
        var position = 0;
        MessageBody? first = null;
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object || Text(message, "content") is not { } content)
            {
                problem = $"message {position + 1} has no \"content\"";
                return null;
            }

            var body = Body(message, content, created, latest, importedId);
            first ??= body;
            var draft = OperationDraft.Of(ImportedIds.Message(Text(message, "id"), id, position, content), body);
            if (draft.Body.Length > MaxBodyBytes)
            {
                problem = $"message {position + 1} is longer than {MaxBodyBytes} bytes as JSON";
                return null;
            }

            operations.Add((draft, HybridTimestamp.Create(body.Timestamp.ToUnixTimeMilliseconds(), (ushort)position)));
            position++;
        }

        var updated = Time(meta, "updated_at", latest) ?? first?.Timestamp ?? created;

        // The fields come first: a long conversation becomes durable in parts, and what follows its mark "local_only" is sent to nobody.
        var fields = new List<(OperationDraft Draft, HybridTimestamp Hlc)>();
        foreach (var field in Fields(root, meta, id, owner, first, updated))
        {
            var draft = OperationDraft.Of(ImportedIds.Field(id, field.Name, field.Value.GetRawText()), field);
            if (draft.Body.Length > MaxBodyBytes)
            {
                problem = $"its topic, a tag or an artifact is longer than {MaxBodyBytes} bytes as JSON";
                return null;
            }

            fields.Add((draft, HybridTimestamp.Create(updated.ToUnixTimeMilliseconds(), ushort.MaxValue)));
        }

        operations.InsertRange(0, fields);
        problem = operations.Count == 0 ? "no messages" : null;
        return operations.Count == 0 ? null : new ImportedFile(id, owner, operations);
    }

    private static MessageBody Body(JsonElement message, string content, DateTimeOffset created, DateTimeOffset latest, string? importedId) => new()
    {
        Role = Text(message, "role") is { } role and (MessageRole.Assistant or MessageRole.System) ? role : MessageRole.User,
        Content = content,
        Surface = SurfaceId.TryParse(Text(message, "surface"), out var surface) ? surface.ToString() : "import",
        Mode = Short(message, "mode"),
        Timestamp = Time(message, "timestamp", latest) ?? created,
        Meta = Meta(message) with { ImportedId = importedId },
    };

    private static MessageMeta Meta(JsonElement message)
    {
        if (!message.TryGetProperty("meta", out var meta) || meta.ValueKind != JsonValueKind.Object)
            return new MessageMeta();
        try
        {
            // What no peer would take is not stored either: it would stand in the way of all that comes after it.
            return meta.Deserialize(MaestraJson.Compact.MessageMeta) is { } read && SyncRules.IsStorable(read) ? read : new MessageMeta();
        }
        catch (JsonException)
        {
            // Of another form than ours: the text of the message matters, and the file itself is kept.
            return new MessageMeta();
        }
    }

    private static IReadOnlyList<FieldBody> Fields(JsonElement root, JsonElement meta, ConversationId id, UserId owner, MessageBody? first, DateTimeOffset at)
    {
        var topic = Text(root, "topic");
        var fields = FieldNames.Of(
            new ConversationChange
            {
                Owner = owner,
                ConversationId = id,
                Title = topic is { Length: > 0 } && topic != Topic.Of(title: null, first) ? topic : null,
                Status = Text(meta, "status") == ConversationStatus.Closed ? ConversationStatus.Closed : null,
                AddTags = [.. Items(root, "tags").Select(JsonValues.Text).OfType<string>()],
                LinkArtifacts = [.. Items(root, "artifacts").Select(Artifact).OfType<ReplyArtifact>()],
            },
            at);
        return [.. fields.Where(static field => SyncRules.Check(field) is null)];
    }

    private static ReplyArtifact? Artifact(JsonElement item) =>
        Text(item, "type") is { Length: > 0 } type && !type.Contains(':', StringComparison.Ordinal) && Text(item, "id") is { Length: > 0 } id
            ? new ReplyArtifact
            {
                Type = type,
                Id = id,
                Title = Text(item, "title"),
                Confidence = item.TryGetProperty("confidence", out var share) && share.ValueKind == JsonValueKind.Number
                    && share.TryGetDouble(out var number) && double.IsFinite(number) ? number : 0,
            }
            : null;

    private static JsonElement[] Items(JsonElement root, string name) =>
        root.TryGetProperty(name, out var items) && items.ValueKind == JsonValueKind.Array ? [.. items.EnumerateArray()] : [];

    /// <returns>Null when there is none, or none that can be stored.</returns>
    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            && value.GetString() is { } text && FreeText.IsStorable(text)
            ? text
            : null;

    /// <returns>Null also when it is longer than a peer takes.</returns>
    private static string? Short(JsonElement element, string name) => Text(element, name) is { } text && SyncRules.IsShort(text) ? text : null;

    private static DateTimeOffset? Time(JsonElement element, string name, DateTimeOffset latest) =>
        WireTime.TryParse(Text(element, name), out var time)
            ? WireTime.Truncate(time < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : time > latest ? latest : time)
            : null;
}
