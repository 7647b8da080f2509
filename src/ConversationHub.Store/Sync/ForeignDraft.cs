using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Log;
using ConversationHub.Store.Search;
using ConversationHub.Store.Writing;

namespace ConversationHub.Store.Sync;

/// <summary>A checked operation of a peer in the form in which a store keeps it.</summary>
internal sealed record ForeignDraft(StoredOperation Place, OperationDraft Draft)
{
    public static ForeignDraft Of(SyncOperation operation)
    {
        var hlc = HybridTimestamp.TryParse(operation.Hlc, out var time) ? time : throw new ArgumentException("The operation was not checked.", nameof(operation));
        var place = new StoredOperation(
            operation.Id, operation.Kind, operation.UserId, operation.ConversationId, operation.Origin, operation.Seq, hlc);
        var id = new OperationId(operation.Id);
        return new ForeignDraft(place, operation switch
        {
            { Message: { } message } => OperationDraft.Of(id, message),
            { Field: { } field } => OperationDraft.Of(id, field),
            { Erase: { } erase } => OperationDraft.Of(id, erase),
            { Kind: SyncOperation.Withheld } => Empty(id, operation.Kind, new OperationContent.Unknown()),
            _ => Empty(id, operation.Kind, new OperationContent.Stub()),
        });
    }

    /// <summary>The same operation as it is sent on.</summary>
    public static SyncOperation ToSync(StoredOperation operation, OperationContent content)
    {
        var sent = new SyncOperation
        {
            Id = operation.Id,
            Kind = operation.Kind,
            UserId = operation.UserId,
            ConversationId = operation.ConversationId,
            Origin = operation.Origin,
            Seq = operation.Seq,
            Hlc = operation.Hlc.ToString(),
        };
        return content switch
        {
            OperationContent.Message message => sent with { Message = message.Body },
            OperationContent.Field field => sent with { Field = field.Body },
            OperationContent.Erase erase => sent with { Erase = erase.Body },
            OperationContent.Stub => sent,
            _ => sent with { Kind = SyncOperation.Withheld, ConversationId = null },
        };
    }

    private static OperationDraft Empty(OperationId id, string kind, OperationContent content) =>
        new(id, kind, content, OperationContent.StubBody.ToArray(), TermCounts.Empty);
}
