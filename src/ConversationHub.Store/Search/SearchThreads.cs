using System.Collections.Concurrent;

namespace ConversationHub.Store.Search;

/// <summary>
/// Threads on which searches are done, half as many as there are cores. A search of a large store computes for some milliseconds, and the thread pool
/// has as many threads as there are cores: on two cores two searches at once were all of it, and every answer, health too, waited for their end. A thread
/// of its own shares the core with them instead. Thread-safe.
/// </summary>
internal sealed class SearchThreads : IDisposable
{
    /// <summary>As many as requests are served at once; a search that comes on top is done where it is asked for.</summary>
    private const int MaxWaiting = 4_096;

    private readonly BlockingCollection<Action> _waiting = new(MaxWaiting);
    private readonly Lazy<Thread[]> _threads;

    public SearchThreads() => _threads = new Lazy<Thread[]>(Start);

    /// <summary>Does the search on one of the threads; its result, or its exception, comes with the task, which goes on elsewhere.</summary>
    /// <exception cref="OperationCanceledException">Nobody waits for it any more, and it had not begun.</exception>
    public Task<T> RunAsync<T>(Func<T> search, CancellationToken cancellationToken)
    {
        _ = _threads.Value;
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_waiting.TryAdd(Work))
            Work();
        return done.Task;

        void Work()
        {
            if (cancellationToken.IsCancellationRequested)
            {
                done.SetCanceled(cancellationToken);
                return;
            }

            try
            {
                done.SetResult(search());
            }
#pragma warning disable CA1031 // Told to who asked for it.
            catch (Exception error)
#pragma warning restore CA1031
            {
                done.SetException(error);
            }
        }
    }

    /// <summary>Does what waits, then ends. Nothing may be asked of it afterwards.</summary>
    public void Dispose()
    {
        _waiting.CompleteAdding();
        if (_threads.IsValueCreated)
        {
            foreach (var thread in _threads.Value)
                thread.Join();
        }

        _waiting.Dispose();
    }

    private Thread[] Start()
    {
        var threads = new Thread[Math.Max(1, Environment.ProcessorCount / 2)];
        for (var i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Run) { IsBackground = true, Name = "store-search" };
            threads[i].Start();
        }

        return threads;
    }

    private void Run()
    {
        foreach (var work in _waiting.GetConsumingEnumerable())
            work();
    }
}
