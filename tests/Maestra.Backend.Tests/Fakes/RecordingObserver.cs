using System.Collections.Concurrent;
using Maestra.Backend.Conversations;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>Keeps what it is told.</summary>
internal sealed class RecordingObserver : IArchiveObserver
{
    public ConcurrentQueue<ArchiveAct> Acts { get; } = [];

    public Task ObserveAsync(ArchiveAct act, CancellationToken cancellationToken)
    {
        Acts.Enqueue(act);
        return Task.CompletedTask;
    }
}
