using ConversationHub.Mcp.Http;
using ConversationHub.Mcp.Texts;

namespace ConversationHub.McpHttp;

/// <summary>
/// The end of a session whose client is still there: what is open has <see cref="HttpLimits.DrainSeconds"/> to be answered, and is
/// then told that it will not be. Thread-safe.
/// </summary>
internal sealed class Ending : IDisposable
{
    private readonly CancellationTokenSource _begun = new();
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenRegistration _stop;
    private string? _why;

    /// <param name="hubStops">Begins it as well.</param>
    internal Ending(TimeProvider time, CancellationToken hubStops)
    {
        _over = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        (Begun, Over) = (_begun.Token, _over.Token);
        _stop = hubStops.UnsafeRegister(static ending => ((Ending)ending!).Begin(ProtocolTexts.HubStopped), this);
    }

    /// <summary>Nothing is listened to any more.</summary>
    internal CancellationToken Begun { get; }

    /// <summary>Nothing is worked on any more.</summary>
    internal CancellationToken Over { get; }

    /// <summary>A sentence; null: it has not begun.</summary>
    internal string? Why => Volatile.Read(ref _why);

    internal void Begin(string why)
    {
        if (Interlocked.CompareExchange(ref _why, why, null) is not null)
            return;
        _over.CancelAfter(TimeSpan.FromSeconds(HttpLimits.DrainSeconds));
        _begun.Cancel();
    }

    public void Dispose()
    {
        _stop.Dispose();
        _begun.Dispose();
        _over.Dispose();
    }
}
