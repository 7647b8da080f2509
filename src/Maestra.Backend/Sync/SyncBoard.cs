using ConversationHub.Contracts;
using Maestra.Backend.Metrics;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Sync;

/// <summary>
/// What is known of each peer that this backend calls: the only holder of that state. Thread-safe.
/// A peer taken up anew, also one at another URL, counts as holding something that is lacked until a round has brought everything.
/// </summary>
internal sealed class SyncBoard(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _peers = new(StringComparer.Ordinal);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Takes the present pairings; what is known of those that stay is kept.</summary>
    public void Take(IReadOnlyList<Peer> peers)
    {
        lock (_gate)
        {
            foreach (var gone in _peers.Keys.Except(peers.Select(static peer => peer.BackendId)).ToList())
                _peers.Remove(gone);
            foreach (var peer in peers)
            {
                if (!_peers.TryGetValue(peer.BackendId, out var held) || held.Url != peer.Url)
                    _peers[peer.BackendId] = new Entry { Url = peer.Url, AgreedAt = time.GetTimestamp() };
            }

            Changed_NeedsLock();
        }
    }

    public void Agreed(string peer) => Set(peer, entry => entry with { Standing = PeerStanding.Agreed, AgreedAt = time.GetTimestamp() });

    public void Failed(string peer) => Set(peer, static entry => entry with { Standing = PeerStanding.Unreachable });

    /// <summary>It takes requests and asks to be left alone for so long (429).</summary>
    public void Limited(string peer, TimeSpan pause) => Set(peer, entry => entry with { Standing = PeerStanding.Limited, Pause = pause });

    /// <summary>A round began with one that could not be reached before, or brought only a part.</summary>
    public void Behind(string peer) => Set(peer, static entry => entry with { Standing = PeerStanding.Behind });

    /// <summary>True while a peer that can be reached may hold messages that this backend lacks.</summary>
    public bool MayLack
    {
        get
        {
            lock (_gate)
                return MayLack_NeedsLock;
        }
    }

    public IReadOnlyList<PeerLag> Lags
    {
        get
        {
            lock (_gate)
                return [.. _peers.Select(one => new PeerLag(one.Key, time.GetElapsedTime(one.Value.AgreedAt).TotalSeconds))];
        }
    }

    /// <summary>For <c>/health</c>.</summary>
    public IReadOnlyList<PeerHealth> Peers
    {
        get
        {
            lock (_gate)
            {
                return
                [
                    .. _peers.OrderBy(static one => one.Key, StringComparer.Ordinal).Select(one => new PeerHealth
                    {
                        BackendId = one.Key,
                        State = Name(one.Value.Standing),
                        LagSeconds = Math.Round(time.GetElapsedTime(one.Value.AgreedAt).TotalSeconds, 3),
                        RetryAfterSeconds = one.Value.Standing == PeerStanding.Limited ? (int)Math.Ceiling(one.Value.Pause.TotalSeconds) : null,
                    }),
                ];
            }
        }
    }

    /// <summary>Waits until nothing is lacked, or for that long.</summary>
    /// <returns>True when something may still be lacked.</returns>
    public async Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        if (!MayLack)
            return false;
        using var limit = new CancellationTokenSource(longest, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (!MayLack_NeedsLock)
                    return false;
                changed = _changed.Task;
            }

            try
            {
                await changed.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The time for it is over: the question goes on, and its reply says so.
                return true;
            }
        }
    }

    private bool MayLack_NeedsLock => _peers.Values.Any(static entry => entry.Standing is PeerStanding.New or PeerStanding.Behind or PeerStanding.Limited);

    private static string Name(PeerStanding standing) => standing switch
    {
        PeerStanding.New => PeerSyncState.New,
        PeerStanding.Behind => PeerSyncState.Behind,
        PeerStanding.Limited => PeerSyncState.Limited,
        PeerStanding.Agreed => PeerSyncState.Agreed,
        _ => PeerSyncState.Failing,
    };

    private void Set(string peer, Func<Entry, Entry> change)
    {
        lock (_gate)
        {
            if (!_peers.TryGetValue(peer, out var entry))
                return;
            _peers[peer] = change(entry);
            Changed_NeedsLock();
        }
    }

    private void Changed_NeedsLock()
    {
        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    private sealed record Entry
    {
        public Uri? Url { get; init; }

        public PeerStanding Standing { get; init; } = PeerStanding.New;

        public long AgreedAt { get; init; }

        public TimeSpan Pause { get; init; }
    }
}

/// <summary>How a peer and this backend stand.</summary>
internal enum PeerStanding
{
    /// <summary>Nothing is known yet.</summary>
    New,

    /// <summary>It holds something that is lacked here.</summary>
    Behind,

    /// <summary>It asks to come again later.</summary>
    Limited,
    Agreed,
    Unreachable,
}
