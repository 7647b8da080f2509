using System.Collections.Concurrent;

namespace ConversationHub.Store.Housekeeping;

/// <summary>
/// A thread for work that waits for the disk again and again. The thread pool has as many threads as the machine has cores, so two such
/// waits would be all of it, and every answer would wait along. Thread-safe.
/// </summary>
internal sealed class HousekeepingThread : IDisposable
{
    /// <summary>Callers take turns before they come here, so that more than a few means a mistake.</summary>
    private const int MaxWaiting = 64;

    private readonly BlockingCollection<Action> _waiting = new(MaxWaiting);
    private readonly Thread _thread;

    /// <param name="name">Shown by tools that list threads.</param>
    public HousekeepingThread(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Does the work on this thread; its exceptions come with the task, which goes on elsewhere.</summary>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
#pragma warning disable CA1031 // Told to who asked for the work, who knows what it means.
            catch (Exception error)
#pragma warning restore CA1031
            {
                done.SetException(error);
            }
        });
        return done.Task;
    }

    /// <summary>Does what waits, then ends. Nothing may be asked of it afterwards.</summary>
    public void Dispose()
    {
        _waiting.CompleteAdding();
        _thread.Join();
        _waiting.Dispose();
    }

    private void Run()
    {
        foreach (var work in _waiting.GetConsumingEnumerable())
            work();
    }
}
