using Maestra.Backend.Peers;

namespace Maestra.Backend.Identity;

/// <summary>Holds the keys of the running backend and takes up a change that another process made. Thread-safe.</summary>
internal sealed class IdentityBoard(IdentityStore store, IdentityKeys start, TimeProvider time, ILogger<IdentityBoard> logger) : IAsyncDisposable
{
    /// <summary>So often at most it looks for a change.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _looking = new(1, 1);
    private IdentityKeys _current = start;
    private string? _stamp;
    private long? _lookedAt;

    /// <summary>As last known; reads memory only.</summary>
    public IdentityKeys Current => Volatile.Read(ref _current);

    /// <summary>The keys, after a look for a change if the last one was a while ago. A vault that cannot be read leaves what is known.</summary>
    public async ValueTask<IdentityKeys> RefreshAsync(CancellationToken cancellationToken)
    {
        if (!_looking.Wait(TimeSpan.Zero, cancellationToken))
            return Current;
        try
        {
            if (_lookedAt is { } last && time.GetElapsedTime(last) < LookEvery)
                return Current;
            _lookedAt = time.GetTimestamp();
            var stamp = await store.Vault.StampAsync(cancellationToken);
            if (stamp is null || stamp == _stamp)
                return Current;
            if (await store.LoadAsync(cancellationToken) is IdentityOutcome.Loaded loaded)
            {
                _stamp = stamp;
                if (loaded.Keys.Current.Id != Current.Current.Id)
                    logger.IdentityRotated(Current.Current.Id, loaded.Keys.Current.Id);
                Volatile.Write(ref _current, loaded.Keys);
            }

            return Current;
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <summary>The same without waiting: what is known later is told later.</summary>
    public void LookInBackground()
    {
        if (_lookedAt is not { } last || time.GetElapsedTime(last) >= LookEvery)
            _ = Task.Run(() => RefreshAsync(CancellationToken.None).AsTask());
    }

    public async ValueTask DisposeAsync()
    {
        if (store.Vault is IAsyncDisposable vault)
            await vault.DisposeAsync();
        _looking.Dispose();
    }
}
