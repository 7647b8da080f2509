using System.Security.Cryptography;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Import;

namespace ConversationHub.Store.Sync;

/// <summary>
/// Whole conversations of the earlier system, whose messages have no origin, number and clock, as operations (issue 7, decision 48).
/// Ids and clocks are those of an import (wire.md §10.3): the same payload gives the same operations everywhere. Pure.
/// </summary>
internal static class EarlierConversations
{
    private const int OriginHexDigits = 8;

    /// <summary>The stream in which a backend keeps what an earlier peer sends of a user: no other backend writes to it.</summary>
    public static string Origin(string peer, string receiver, string user)
    {
        var seed = SHA256.HashData(Encoding.UTF8.GetBytes($"earlier\n{receiver}\n{user}"));
        return string.Concat(peer, "~", Convert.ToHexStringLower(seed).AsSpan(0, OriginHexDigits));
    }

    /// <summary>The messages that are not held yet, not numbered yet.</summary>
    /// <param name="held">Ids of the messages that the conversation has here.</param>
    /// <param name="latest">No clock lies after it.</param>
    /// <returns>Null when the conversation has no id.</returns>
    public static IReadOnlyList<SyncOperation>? New(
        SyncConversation conversation, string user, string origin, IReadOnlySet<string> held, DateTimeOffset latest)
    {
        if (ImportedIds.Conversation(conversation.ConversationId) is not { } id)
            return null;
        var importedId = conversation.ConversationId == id.ToString() ? null : conversation.ConversationId;
        var operations = new List<SyncOperation>();
        for (var position = 0; position < conversation.Messages.Count; position++)
        {
            var message = conversation.Messages[position];
            var operation = ImportedIds.Message(message.MessageId, id, position, message.Content);
            if (held.Contains(operation.ToString()) || operations.Exists(one => one.Id == operation.Value))
                continue;
            var time = Clamp(message.Timestamp ?? conversation.CreatedAt ?? DateTimeOffset.UnixEpoch, latest);
            operations.Add(new SyncOperation
            {
                Id = operation.Value,
                Kind = OperationKind.Message,
                UserId = user,
                ConversationId = id.ToString(),
                Origin = origin,
                Seq = 0,
                Hlc = HybridTimestamp.Create(time.ToUnixTimeMilliseconds(), (ushort)position).ToString(),
                Message = new MessageBody
                {
                    Role = message.Role is MessageRole.Assistant or MessageRole.System ? message.Role : MessageRole.User,
                    Content = message.Content,
                    Surface = SurfaceId.TryParse(message.Surface, out var surface) ? surface.ToString() : "import",
                    Mode = message.Mode,
                    Timestamp = time,
                    Meta = (message.Meta ?? new MessageMeta()) with { ImportedId = importedId },
                },
            });
        }

        return operations;
    }

    private static DateTimeOffset Clamp(DateTimeOffset time, DateTimeOffset latest) =>
        WireTime.Truncate(time < DateTimeOffset.UnixEpoch ? DateTimeOffset.UnixEpoch : time > latest ? latest : time);
}
