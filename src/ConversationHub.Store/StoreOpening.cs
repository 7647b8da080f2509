namespace ConversationHub.Store;

/// <summary>What opening a store gave.</summary>
public abstract record StoreOpening
{
    private StoreOpening()
    {
    }

    /// <summary>Open; the store is to be disposed by its owner.</summary>
    /// <param name="Archive">The same store, seen from its other side.</param>
    public sealed record Opened(IConversationStore Store, IConversationArchive Archive) : StoreOpening
    {
        /// <summary>The same store, as other backends see it.</summary>
        public ISyncStore Sync => (ISyncStore)Store;

        public IQuestionLeases Leases { get; init; } = NoLeases.Instance;
    }

    /// <summary>Not opened, nothing changed: the program ends with exit code 4.</summary>
    /// <param name="Reason">For the operator: what is wrong, with its path, and what to do.</param>
    public sealed record Refused(string Reason) : StoreOpening;
}
