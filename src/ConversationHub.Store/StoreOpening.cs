namespace ConversationHub.Store;

/// <summary>What opening a store gave.</summary>
public abstract record StoreOpening
{
    private StoreOpening()
    {
    }

    /// <summary>Open; to be disposed by its owner.</summary>
    public sealed record Opened(IConversationStore Store) : StoreOpening;

    /// <summary>Not opened, nothing changed: the program ends with exit code 4.</summary>
    /// <param name="Reason">For the operator: what is wrong, with its path, and what to do.</param>
    public sealed record Refused(string Reason) : StoreOpening;
}
