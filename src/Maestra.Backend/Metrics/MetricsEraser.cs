using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Conversations;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Metrics;

/// <summary>
/// What is erased from the store loses its lines in the metrics file before its owner hears of it (wire.md §4), those under the
/// pseudonyms of earlier keys of this backend included.
/// </summary>
/// <param name="file">Null when none is written.</param>
internal sealed class MetricsEraser(MetricsFile? file, IdentityBoard identity, BackendSettings settings) : IArchiveObserver
{
    public Task ObserveAsync(ArchiveAct act, CancellationToken cancellationToken)
    {
        if (file is null)
            return Task.CompletedTask;
        return act switch
        {
            { Kind: ArchiveActKind.ConversationErased, ConversationId: { } conversation } => file.EraseAsync([LinesOf(act.Owner, conversation, null)]),
            { Kind: ArchiveActKind.UserErased } => file.EraseAsync([LinesOf(act.Owner, null, null)]),
            _ => Task.CompletedTask,
        };
    }

    /// <summary>Of erasures some time ago: whoever was erased may have asked since, and those lines stay.</summary>
    /// <returns>Null once they are gone, or why they are not.</returns>
    public Task<string?> EraseAsync(IReadOnlyList<StoredErasure> erasures) => file is null
        ? Task.FromResult<string?>(null)
        : file.EraseAsync([.. erasures.Select(one => LinesOf(one.User, one.ConversationId, one.ConversationId is null ? one.At : null))]);

    private ErasedLines LinesOf(UserId user, ConversationId? conversation, DateTimeOffset? upTo) => new(
        conversation is not null && settings.Mode == BackendMode.Local ? null : NamesOf(user), conversation?.ToString(), upTo);

    private List<string> NamesOf(UserId user)
    {
        var keys = identity.Current;
        return [keys.Current.Identity.Pseudonyms.Of(user), .. keys.FormerPseudonyms.Select(former => former.Of(user))];
    }
}
