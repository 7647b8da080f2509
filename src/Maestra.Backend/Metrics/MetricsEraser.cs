using Maestra.Backend.Conversations;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Metrics;

/// <summary>What is erased from the store loses its lines in the metrics file before its owner hears of it (wire.md §4).</summary>
/// <param name="file">Null when none is written.</param>
internal sealed class MetricsEraser(MetricsFile? file, BackendIdentity identity, BackendSettings settings) : IArchiveObserver
{
    public Task ObserveAsync(ArchiveAct act, CancellationToken cancellationToken)
    {
        if (file is null)
            return Task.CompletedTask;
        return act switch
        {
            { Kind: ArchiveActKind.ConversationErased, ConversationId: { } conversation } =>
                file.EraseConversationAsync(conversation, settings.Mode == BackendMode.Local ? null : identity.Pseudonyms.Of(act.Owner)),
            { Kind: ArchiveActKind.UserErased } => file.EraseUserAsync(identity.Pseudonyms.Of(act.Owner)),
            _ => Task.CompletedTask,
        };
    }
}
