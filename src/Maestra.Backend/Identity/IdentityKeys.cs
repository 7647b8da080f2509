namespace Maestra.Backend.Identity;

/// <summary>The keys by which this backend may be known: the present one, and for a time after a change the one before. Immutable.</summary>
/// <param name="Previous">Null when the key was never changed.</param>
/// <param name="RetiredAt">When the present key took the previous one's place.</param>
internal sealed record IdentityKeys(BackendKey Current, BackendKey? Previous = null, DateTimeOffset? RetiredAt = null)
{
    /// <summary>So long after a change both keys verify.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromDays(7);

    /// <summary>The names that users have had under the keys before the present one: what was written under them stays theirs.</summary>
    public IReadOnlyList<Pseudonyms> FormerPseudonyms { get; init; } = [];

    /// <summary>Those that count now, the present one first.</summary>
    public IEnumerable<BackendKey> Valid(DateTimeOffset now)
    {
        yield return Current;
        if (Previous is { } previous && RetiredAt is { } retired && now < retired + Grace)
            yield return previous;
    }

    /// <summary>The valid key with this id; null when there is none.</summary>
    public BackendKey? Find(string id, DateTimeOffset now) => Valid(now).FirstOrDefault(key => key.Id == id);
}
