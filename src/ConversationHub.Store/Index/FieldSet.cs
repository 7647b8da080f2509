using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Conversations;

namespace ConversationHub.Store.Index;

/// <summary>The fields of a conversation: for each name the value with the greatest (clock, origin) (design.md §5). Not thread-safe.</summary>
internal sealed class FieldSet
{
    private readonly Dictionary<string, FieldValue> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, FieldValue> Values => _values;

    /// <summary>Takes a value unless a later one is there. The order of calls makes no difference.</summary>
    public void Merge(string name, FieldValue value)
    {
        if (!_values.TryGetValue(name, out var held) || value.IsLaterThan(held))
            _values[name] = value;
    }

    /// <summary>Drops what was set at or before an erasure.</summary>
    public void RemoveUpTo(HybridTimestamp erasure)
    {
        foreach (var (name, value) in _values)
        {
            if (value.Hlc <= erasure)
                _values.Remove(name);
        }
    }

    /// <summary>Null when none is set, or one that is no text.</summary>
    public string? Title => Text(FieldNames.Title);

    public string Status => Text(FieldNames.Status) is ConversationStatus.Closed ? ConversationStatus.Closed : ConversationStatus.Active;

    /// <summary>True when its owner keeps the conversation on this backend (<see cref="FieldNames.LocalOnly"/>).</summary>
    public bool IsLocalOnly => _values.TryGetValue(FieldNames.LocalOnly, out var value) && value.Json is "true";

    public IReadOnlyList<string> Tags =>
    [
        .. _values.Where(static entry => entry.Key.StartsWith(FieldNames.TagPrefix, StringComparison.Ordinal) && entry.Value.Json is "true")
            .Select(static entry => entry.Key[FieldNames.TagPrefix.Length..])
            .Order(StringComparer.Ordinal),
    ];

    public IReadOnlyList<LinkedArtifact> Artifacts =>
    [
        .. _values.Where(static entry => entry.Key.StartsWith(FieldNames.ArtifactPrefix, StringComparison.Ordinal))
            .OrderBy(static entry => entry.Value.Hlc)
            .ThenBy(static entry => entry.Key, StringComparer.Ordinal)
            .Select(static entry => Artifact(entry.Key[FieldNames.ArtifactPrefix.Length..], entry.Value))
            .OfType<LinkedArtifact>(),
    ];

    private string? Text(string name)
    {
        if (!_values.TryGetValue(name, out var value))
            return null;
        using var json = JsonDocument.Parse(value.Json);
        return JsonValues.Text(json.RootElement);
    }

    /// <summary>Null when the artifact was unlinked, or is not of the form of wire.md §10.1.</summary>
    private static LinkedArtifact? Artifact(string typeAndId, FieldValue field)
    {
        var colon = typeAndId.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0)
            return null;
        using var value = JsonDocument.Parse(field.Json);
        if (value.RootElement.ValueKind != JsonValueKind.Object)
            return null;
        return new LinkedArtifact
        {
            Type = typeAndId[..colon],
            Id = typeAndId[(colon + 1)..],
            Title = value.RootElement.TryGetProperty("title", out var title) ? JsonValues.Text(title) : null,
            Confidence = value.RootElement.TryGetProperty("confidence", out var confidence) && confidence.ValueKind == JsonValueKind.Number
                && confidence.TryGetDouble(out var share) && double.IsFinite(share) ? share : 0,
            LinkedAt = field.Timestamp,
        };
    }
}

/// <summary>A value and who set it when.</summary>
/// <param name="Json">As it was sent.</param>
internal sealed record FieldValue(HybridTimestamp Hlc, string Origin, DateTimeOffset Timestamp, string Json)
{
    public bool IsLaterThan(FieldValue other) =>
        Hlc != other.Hlc ? Hlc > other.Hlc : string.CompareOrdinal(Origin, other.Origin) > 0;
}
