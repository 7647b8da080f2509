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
/// <param name="feed">Null for a store that tells no erasures.</param>
internal sealed class MetricsEraser(MetricsFile? file, IErasureFeed? feed, IdentityBoard identity, BackendSettings settings) : IArchiveObserver
{
    public Task ObserveAsync(ArchiveAct act, CancellationToken cancellationToken)
    {
        if (file is null)
            return Task.CompletedTask;
        return act switch
        {
            { Kind: ArchiveActKind.ConversationErased, ConversationId: { } conversation } => file.EraseAsync([LinesOf(act.Owner, conversation)]),
            { Kind: ArchiveActKind.UserErased } => file.EraseAsync([.. LinesOf(act.Owner, null)]),
            _ => Task.CompletedTask,
        };
    }

    /// <summary>Of erasures some time ago: whoever was erased may have asked since, and those lines stay.</summary>
    /// <returns>Null once they are gone, or why they are not.</returns>
    public Task<string?> EraseAsync(IReadOnlyList<StoredErasure> erasures) => file is null
        ? Task.FromResult<string?>(null)
        : file.EraseAsync([.. erasures.SelectMany(one => one.ConversationId is { } conversation ? [LinesOf(one.User, conversation)] : LinesOf(one.User, one.At))]);

    private ErasedLines LinesOf(UserId user, ConversationId conversation) =>
        new(settings.Mode == BackendMode.Local ? null : NamesOf(user), [conversation.ToString()]);

    /// <summary>In local mode also what others asked in conversations that went with the user.</summary>
    private IEnumerable<ErasedLines> LinesOf(UserId user, DateTimeOffset? upTo)
    {
        yield return new ErasedLines(NamesOf(user), null, upTo);
        if (settings.Mode == BackendMode.Local && feed?.ReadClosed(user) is { Count: > 0 } closed)
            yield return new ErasedLines(null, [.. closed.Select(static one => one.ToString())], upTo);
    }

    private List<string> NamesOf(UserId user)
    {
        var keys = identity.Current;
        return [keys.Current.Identity.Pseudonyms.Of(user), .. keys.FormerPseudonyms.Select(former => former.Of(user))];
    }
}
