using System.Collections.Concurrent;

namespace Maestra.Backend.Sync;

/// <summary>
/// To which peers no frames are sent for a while: a way between may refuse what the peer itself takes (a proxy that knows a few content types,
/// replicas of several ages behind one address), and then each second exchange would fail for ever. Thread-safe.
/// </summary>
internal sealed class FrameTrust(TimeProvider time)
{
    /// <summary>A way that has been mended is used again after this time at most.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    /// <summary>Null while only a frame has failed; then the timestamp at which the pause began, since a clock may be set back.</summary>
    private readonly ConcurrentDictionary<string, long?> _doubted = new(StringComparer.Ordinal);

    internal bool IsTrusted(string peer) => !_doubted.TryGetValue(peer, out var began) || !IsPause(began);

    internal void FrameFailed(string peer) => _doubted[peer] = null;

    /// <summary>It may have been anything that made both forms fail.</summary>
    internal void OrdinaryFailed(string peer) => Forget(peer);

    internal void FrameWorked(string peer) => Forget(peer);

    /// <summary>Right after a frame that failed it was the form.</summary>
    internal void OrdinaryWorked(string peer) => _doubted.TryUpdate(peer, time.GetTimestamp(), null);

    /// <summary>A pause that has begun lasts.</summary>
    private void Forget(string peer)
    {
        if (_doubted.TryGetValue(peer, out var began) && !IsPause(began))
            _doubted.TryRemove(peer, out _);
    }

    private bool IsPause(long? began) => began is { } at && time.GetElapsedTime(at) < Pause;
}
