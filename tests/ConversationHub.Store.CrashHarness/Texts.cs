using ConversationHub.Contracts;

namespace ConversationHub.Store.CrashHarness;

/// <summary>What the child writes: each text follows from the question's id, so the parent can tell a message that nobody wrote.</summary>
internal static class Texts
{
    public const int Conversations = 5;

    public static readonly UserId User = UserId.Parse("ada");

    public static readonly string Fingerprint = new('0', 64);

    /// <summary>Few enough that a life of a child, some hundred operations, is in the middle of a snapshot often.</summary>
    private const int SnapshotEvery = 40;

    public static StoreOptions Options(string root) =>
        new() { SnapshotEvery = SnapshotEvery, Root = root, BackendId = "local_sha256_eed292c6e467c8ef", Namespace = StoreNamespace.Shared };

    /// <summary>Lengths differ widely, so that kills find long writes too.</summary>
    public static string Question(OperationId id) => Repeat("question", id);

    public static string Reply(OperationId question) => Repeat("reply", question);

    public static ConversationId Conversation(OperationId id) => ConversationId.Parse($"c{(uint)id.GetHashCode() % Conversations}");

    private static string Repeat(string word, OperationId id) =>
        $"{word} {id} {new string('x', (int)((uint)id.GetHashCode() % 97 == 0 ? 50_000 : (uint)id.GetHashCode() % 900))}";
}
