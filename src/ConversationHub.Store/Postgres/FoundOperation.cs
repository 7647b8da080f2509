using System.Text.Json;
using ConversationHub.Contracts;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>What the database holds under an operation id.</summary>
/// <param name="IsThere">False when the id is free.</param>
/// <param name="IsHeldBack">Its clock is ahead: it is not shown yet (wire.md §9.5).</param>
/// <param name="IsKept">Its owner keeps the conversation on this backend.</param>
/// <param name="Message">Null when it is erased, or no message.</param>
internal sealed record FoundOperation(bool IsThere, ConversationId? ConversationId, bool IsErased, bool IsHeldBack, MessageBody? Message, StoredReply? Reply, bool IsKept)
{
    private static readonly FoundOperation Nothing = new(false, null, false, false, null, null, false);

    /// <summary>Columns: conversation_id, kind, body, id and body of the reply, whether it is held back, whether its conversation is kept here.</summary>
    public static FoundOperation Read(NpgsqlDataReader reader)
    {
        if (!reader.Read())
            return Nothing;
        var conversation = reader.TextOrNull(0) is { } id ? Contracts.ConversationId.Parse(id) : (ConversationId?)null;
        using var document = JsonDocument.Parse(reader.GetString(2));
        var isErased = document.RootElement.TryGetProperty("erased", out _);
        var message = !isErased && reader.GetString(1) == OperationKind.Message ? PostgresRows.Body(reader, 2) : null;
        return new FoundOperation(
            true, conversation, isErased, reader.GetBoolean(5), message, reader.IsDBNull(3) ? null : ToReply(reader.GetGuid(3), PostgresRows.Body(reader, 4)),
            reader.GetBoolean(6));
    }

    private static StoredReply ToReply(Guid id, MessageBody body) =>
        new(new OperationId(id), body.Content, body.Mode ?? WireFormat.DefaultMode, body.Timestamp, body.Meta);
}
