using ConversationHub.Contracts;
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
            { Kind: ArchiveActKind.ConversationErased, ConversationId: { } conversation } =>
                file.EraseAsync(new ErasedLines(settings.Mode == BackendMode.Local ? null : NamesOf(act.Owner), conversation.ToString())),
            { Kind: ArchiveActKind.UserErased } => file.EraseAsync(new ErasedLines(NamesOf(act.Owner), null)),
            _ => Task.CompletedTask,
        };
    }

    private List<string> NamesOf(UserId user)
    {
        var keys = identity.Current;
        return [keys.Current.Identity.Pseudonyms.Of(user), .. keys.FormerPseudonyms.Select(former => former.Of(user))];
    }
}
