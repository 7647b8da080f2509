using Maestra.Backend.Erasures;

namespace Maestra.Backend.Conversations;

/// <summary>Tells every <see cref="IArchiveObserver"/>, in their order, and notes that it was done: what a kill prevents is done after the next start.</summary>
internal sealed class ArchiveObservers(IEnumerable<IArchiveObserver> observers, ToldErasures told)
{
    public async Task TellAsync(ArchiveAct act)
    {
        // Not bound to the connection: the act is durable already.
        foreach (var observer in observers)
            await observer.ObserveAsync(act, CancellationToken.None);
        if (act is { Kind: ArchiveActKind.ConversationErased or ArchiveActKind.UserErased, OperationId: { } erasure })
            told.Note(erasure);
    }
}
