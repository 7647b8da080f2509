using ConversationHub.Store.Import;

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

        /// <summary>When the folder of its log was made: the same wherever that is moved, another in a copy. Empty where nobody knows, and where there is no folder.</summary>
        public string Born { get; init; } = "";

        public IQuestionLeases Leases { get; init; } = NoLeases.Instance;

        /// <summary>
        /// What was taken over from files of the earlier backend that lay in the folder: at its end already, or, in a large store, some time later.
        /// Null where there is no folder, and when the store was closed before.
        /// </summary>
        public Task<ImportReport?> Import { get; init; } = Task.FromResult<ImportReport?>(null);

        /// <summary>Ends with a sentence for the operator, which may name files, when damage is first found: at once, or while the store is in use. Without damage it never ends.</summary>
        public Task<string> Damaged { get; init; } = new TaskCompletionSource<string>().Task;
    }

    /// <summary>Not opened, nothing changed: the program ends with exit code 4.</summary>
    /// <param name="Reason">For the operator: what is wrong, with its path, and what to do.</param>
    public sealed record Refused(string Reason) : StoreOpening;
}
