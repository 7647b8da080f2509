namespace Quickstart;

/// <summary>What the story needs of a result of <c>maestra_ask</c>.</summary>
/// <param name="ServedBy"><c>local</c>, <c>cloud</c>, or null when nobody answered.</param>
/// <param name="ElapsedMilliseconds">Seen from the client, the hub included.</param>
internal sealed record Answer(string Text, string? ServedBy, string ConversationId, double ElapsedMilliseconds);
