namespace Maestra.Backend.Tests.Streaming;

/// <summary>A thread pool in which every thread is held, and far more work waits than it adds threads for, until this is disposed.</summary>
internal sealed class StarvedThreadPool : IDisposable
{
    private const int Held = 2_000;

    private readonly ManualResetEventSlim _release = new();
    private int _last;

    public StarvedThreadPool()
    {
        // Globally queued, so behind one another: whatever is queued later runs after all of these.
        for (var i = 0; i < Held; i++)
            ThreadPool.QueueUserWorkItem(_ => _release.Wait());
        ThreadPool.QueueUserWorkItem(_ => Volatile.Write(ref _last, 1));
    }

    /// <summary>Whether work that was queued behind the held threads came to run: then this proves nothing.</summary>
    public bool HasRoom => Volatile.Read(ref _last) == 1;

    public void Dispose() => _release.Set();
}
