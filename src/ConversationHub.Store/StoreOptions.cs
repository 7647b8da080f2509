using ConversationHub.Contracts;
using ConversationHub.Store.Snapshots;

namespace ConversationHub.Store;

/// <summary>How a store is set up.</summary>
public sealed record StoreOptions
{
    /// <summary>Full path of the folder that holds everything (<c>CONVERSATION_HUB_ROOT</c>). Made when absent; used by the log store only.</summary>
    public required string Root { get; init; }

    /// <summary>Id of this backend (wire.md §1.1): first part of its origins and <c>meta.backend_id</c> of its replies.</summary>
    public required string BackendId { get; init; }

    public required StoreNamespace Namespace { get; init; }

    /// <summary>
    /// False: no search index is kept (<c>MAESTRA_SEARCH_INDEX=off</c>); a search then looks through the newest messages only. Used by the log store only.
    /// </summary>
    public bool KeepsSearchIndex { get; init; } = true;

    /// <summary>Operations between two snapshots of the log store's index at least. For tests: a store that is killed often must meet many.</summary>
    internal int SnapshotEvery { get; init; } = SnapshotKeeper.FewestOperations;

    /// <summary>
    /// The folder of a store of so many conversations is looked at for foreign files before it is open, which takes some tens of milliseconds;
    /// that of a larger one behind its start. For tests: a small store that is looked at as a large one is.
    /// </summary>
    internal int LooksFirstUpTo { get; init; } = 2_000;

    /// <summary>Told how far reading, writing files, importing and compacting have come; null for nobody. Called by the thread that does it.</summary>
    public IProgress<StoreProgress>? Progress { get; init; }

    /// <summary>Keeps what was seen of the database for the next start; null for nobody. Used by the hosted store only.</summary>
    public IDatabaseMemory? DatabaseMemory { get; init; }

    /// <summary>Whose an imported conversation is that names no owner.</summary>
    public UserId ImportOwner { get; init; } = UserId.Anonymous;
}

/// <summary>Who sees a conversation id (wire.md §4, Owner).</summary>
public enum StoreNamespace
{
    /// <summary>Local mode: one id is one conversation, whoever asks; who began it stays its owner.</summary>
    Shared,

    /// <summary>Cloud mode: each user has ids of their own.</summary>
    PerUser,
}
