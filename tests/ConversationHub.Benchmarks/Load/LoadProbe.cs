using System.Diagnostics;
using ConversationHub.Benchmarks.Measuring;

namespace ConversationHub.Benchmarks.Load;

/// <summary>
/// One caller among the many, as a monitor or a person would be: on a thread and connections of its own, so that what it measures is the
/// service and not its place behind thousands of tasks in the generator. Asks for health and puts a question, in turns.
/// </summary>
internal sealed class LoadProbe : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);

    private readonly Thread _thread;
    private volatile bool _isOver;

    public LoadProbe(int port, LoadMix mix)
    {
        _thread = new Thread(() => Run(port, mix)) { IsBackground = true, Name = "probe" };
        _thread.Start();
    }

    public Tally Health { get; } = new();

    public Tally Questions { get; } = new();

    /// <summary>Ends it; what it measured may then be read.</summary>
    public void Dispose()
    {
        _isOver = true;
        _thread.Join();
    }

    private void Run(int port, LoadMix mix)
    {
        using var connection = HttpConnection.Open(port);
        var health = HttpConnection.Get("/health");
        while (!_isOver)
        {
            Send(connection, health, Health);
            Send(connection, mix.Question(), Questions);
        }
    }

    private static void Send(HttpConnection connection, byte[] request, Tally tally)
    {
        var sent = Stopwatch.GetTimestamp();
        tally.Add(connection.Send(request), Stopwatch.GetElapsedTime(sent));
        Thread.Sleep(Interval);
    }
}
