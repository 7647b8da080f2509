namespace ConversationHub.Store;

/// <summary>Whose operations go between two backends: those of the pairing, less what this backend's owner keeps back (wire.md §9.2).</summary>
/// <param name="Users">Null: everybody's.</param>
public sealed record SyncScope(IReadOnlySet<string>? Users)
{
    public static readonly SyncScope Everybody = new((IReadOnlySet<string>?)null);

    public static SyncScope Of(IEnumerable<string> users) => new(users.ToHashSet(StringComparer.Ordinal));

    public bool Covers(string user) => Users is null || Users.Contains(user);

    /// <summary>What both let through.</summary>
    public SyncScope And(SyncScope other) => (Users, other.Users) switch
    {
        (null, _) => other,
        (_, null) => this,
        var (left, right) => Of(left.Where(right.Contains)),
    };
}
