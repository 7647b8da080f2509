using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Log;
using ConversationHub.Store.Search;

namespace ConversationHub.Store.Writing;

/// <summary>An operation that has no place in a stream yet. What takes time is made here, by the caller's thread, not by the one writer.</summary>
/// <param name="Kind">One of <see cref="OperationKind"/>.</param>
/// <param name="Body">The content as JSON.</param>
/// <param name="Terms">The words of a message, for the search index.</param>
internal sealed record OperationDraft(OperationId Id, string Kind, OperationContent Content, byte[] Body, TermCounts Terms)
{
    public static OperationDraft Of(OperationId id, MessageBody body) => new(
        id,
        OperationKind.Message,
        new OperationContent.Message(body),
        JsonSerializer.SerializeToUtf8Bytes(body, MaestraJson.Compact.MessageBody),
        SearchPolicy.TermsOf(body));

    public static OperationDraft Of(OperationId id, FieldBody body) => new(
        id,
        OperationKind.Field,
        new OperationContent.Field(body),
        JsonSerializer.SerializeToUtf8Bytes(body, MaestraJson.Compact.FieldBody),
        TermCounts.Empty);

    public static OperationDraft Of(OperationId id, EraseBody body) => new(
        id,
        OperationKind.Erase,
        new OperationContent.Erase(body),
        JsonSerializer.SerializeToUtf8Bytes(body, MaestraJson.Compact.EraseBody),
        TermCounts.Empty);
}
