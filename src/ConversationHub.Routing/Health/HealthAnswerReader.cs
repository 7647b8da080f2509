using System.Collections.Immutable;
using System.Text.Json;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>Turns the reply to <c>GET /health</c> into what it says (wire.md §5). Pure: any bytes give an answer.</summary>
internal static class HealthAnswerReader
{
    /// <summary>Bound of what is taken over from a list or map that a backend sends.</summary>
    private const int MaxEntries = 32;

    /// <summary>In characters; all of it goes into the result of a tool.</summary>
    private const int MaxText = 200;

    public static HealthAnswer Read(int status, ReadOnlyMemory<byte> body)
    {
        var parsed = status is 200 or 503 ? JsonObjectReader.TryParse(body) : null;
        if (parsed is null && status >= 500)
            return new() { Status = TargetStatus.Unhealthy, IsAlive = true, Detail = $"answered {status} to a health request" };
        if (parsed is not { } root)
            return Stranger($"answered {status} to a health request, but not as Maestra does");
        var isMaestra = JsonObjectReader.Text(root, "brain_id") == WireFormat.BrainId;
        TargetStatus? state = JsonObjectReader.Text(root, "status") switch
        {
            HealthStatus.Healthy => TargetStatus.Healthy,
            HealthStatus.Degraded => TargetStatus.Degraded,
            HealthStatus.Unhealthy => TargetStatus.Unhealthy,
            _ => null,
        };
        if (state is not { } known)
            return Stranger("answered a health request without a known status");
        return new HealthAnswer
        {
            Status = status == 503 ? TargetStatus.Unhealthy : known,
            IsAlive = true,
            IsMaestra = isMaestra,
            Version = Cut(JsonObjectReader.Text(root, "version")),
            Detail = known == TargetStatus.Unhealthy ? "its store cannot commit" : null,
            Dependencies = Dependencies(root),
            Capabilities = Capabilities(root),
        };
    }

    private static HealthAnswer Stranger(string detail) =>
        new() { Status = TargetStatus.Impostor, IsAlive = true, Detail = detail };

    private static ImmutableSortedDictionary<string, string> Dependencies(JsonElement root)
    {
        if (!root.TryGetProperty("dependencies", out var map) || map.ValueKind != JsonValueKind.Object)
            return ImmutableSortedDictionary<string, string>.Empty;
        return map.EnumerateObject()
            .Where(static entry => entry.Value.ValueKind == JsonValueKind.String && entry.Name.Length <= MaxText)
            .Take(MaxEntries)
            .ToImmutableSortedDictionary(static entry => entry.Name, static entry => Cut(entry.Value.GetString())!, StringComparer.Ordinal);
    }

    private static ImmutableArray<string>? Capabilities(JsonElement root)
    {
        if (!root.TryGetProperty("capabilities", out var list) || list.ValueKind != JsonValueKind.Array)
            return null;
        return [.. list.EnumerateArray()
            .Where(static item => item.ValueKind == JsonValueKind.String)
            .Take(MaxEntries)
            .Select(static item => item.GetString()!)
            .Where(static name => name.Length <= MaxText)];
    }

    private static string? Cut(string? text) => text is { Length: > MaxText } ? text[..(MaxText - 1)] + "…" : text;
}
