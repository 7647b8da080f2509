using System.Collections.Concurrent;
using ConversationHub.Testing;
using Maestra.Backend.Conversations;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>Keeps what it is told. It is the first to be told, so that what it does comes between the act and all other observers.</summary>
internal sealed class RecordingObserver : IArchiveObserver
{
    public ConcurrentQueue<ArchiveAct> Acts { get; } = [];

    /// <summary>As a kill at this moment: nobody behind it is told, and it remembers nothing.</summary>
    public bool Kills { get; set; }

    /// <summary>Awaited before it lets the others be told.</summary>
    public Task Holds { get; set; } = Task.CompletedTask;

    public async Task ObserveAsync(ArchiveAct act, CancellationToken cancellationToken)
    {
        if (Kills)
            throw new InvalidOperationException("killed here");
        Acts.Enqueue(act);
        await Holds.WaitAsync(TestTimeouts.Signal, cancellationToken);
    }
}
