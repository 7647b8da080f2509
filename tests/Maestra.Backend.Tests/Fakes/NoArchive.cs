using ConversationHub.Contracts;
using ConversationHub.Store;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>Beside the fake store: tests of the archive's routes run over a store of their own.</summary>
internal sealed class NoArchive : IConversationArchive
{
    public Task<ChangeOutcome> ChangeAsync(ConversationChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<EraseOutcome> EraseConversationAsync(UserId? owner, ConversationId conversationId, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<EraseUserOutcome> EraseUserAsync(UserId user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<ReadOutcome> ExportAsync(UserId? owner, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<StoreFailure?> CompactAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
}
