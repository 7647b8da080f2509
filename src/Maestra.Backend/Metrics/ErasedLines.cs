namespace Maestra.Backend.Metrics;

/// <summary>Which lines of the metrics file an erasure takes: those of a user, of conversations, or of both at once. Immutable.</summary>
/// <param name="Users">Every pseudonym of one user; null when a conversation has one id whoever asks, as in local mode.</param>
/// <param name="Conversations">Null for all of the user's.</param>
/// <param name="UpTo">Lines of a later time stay; null: all go.</param>
internal sealed record ErasedLines(IReadOnlyList<string>? Users, IReadOnlyList<string>? Conversations, DateTimeOffset? UpTo = null);
