using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Store.Conversations;

/// <summary>Names and values of fields (wire.md §10.1), and the field operations a change becomes.</summary>
internal static class FieldNames
{
    public const string Title = "title";
    public const string Status = "status";
    public const string TagPrefix = "tag:";
    public const string ArtifactPrefix = "artifact:";

    /// <summary>The tag by which an owner keeps a conversation on this backend: nothing of it is sent to a peer (decision 45).</summary>
    public const string LocalOnly = TagPrefix + LocalOnlyMark.Tag;

    public static IReadOnlyList<FieldBody> Of(ConversationChange change, DateTimeOffset at)
    {
        var fields = new List<FieldBody>();
        if (change.Title is { } title)
            fields.Add(Field(Title, json => json.WriteStringValue(title), at));
        if (change.Status is { } status)
            fields.Add(Field(Status, json => json.WriteStringValue(status), at));
        foreach (var tag in change.AddTags)
            fields.Add(Field(TagPrefix + tag, static json => json.WriteBooleanValue(true), at));
        foreach (var tag in change.RemoveTags)
            fields.Add(Field(TagPrefix + tag, static json => json.WriteBooleanValue(false), at));
        foreach (var artifact in change.LinkArtifacts)
            fields.Add(Field(ArtifactName(artifact), json => WriteArtifact(json, artifact), at));
        foreach (var artifact in change.UnlinkArtifacts)
            fields.Add(Field(ArtifactName(artifact), static json => json.WriteNullValue(), at));
        return fields;
    }

    private static string ArtifactName(ReplyArtifact artifact) => $"{ArtifactPrefix}{artifact.Type}:{artifact.Id}";

    private static void WriteArtifact(Utf8JsonWriter json, ReplyArtifact artifact)
    {
        json.WriteStartObject();
        json.WriteString("title"u8, artifact.Title);
        json.WriteNumber("confidence"u8, artifact.Confidence);
        json.WriteEndObject();
    }

    private static FieldBody Field(string name, Action<Utf8JsonWriter> writeValue, DateTimeOffset at)
    {
        var bytes = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
            writeValue(json);
        using var value = JsonDocument.Parse(bytes.WrittenMemory);
        return new FieldBody { Name = name, Value = value.RootElement.Clone(), Timestamp = at };
    }
}
