using System.Diagnostics;
using System.Net.Sockets;
using System.Threading.Channels;
using ConversationHub.Benchmarks.Measuring;

namespace ConversationHub.Benchmarks.Load;

/// <summary>Sends requests: as fast as they are answered (closed loop), or at a rate of its own, whatever becomes of them (open loop).</summary>
internal static class LoadGenerator
{
    private const int PaceMilliseconds = 1;

    /// <summary>Requests that are due and wait for a connection; one that comes on top is not sent.</summary>
    private const int MaxDue = 4_096;

    /// <returns>Answers a second.</returns>
    public static async Task<double> ClosedAsync(int port, int connections, TimeSpan time, Func<byte[]> next, Tally tally)
    {
        using var end = new CancellationTokenSource(time);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            using var connection = await HttpConnection.OpenAsync(port);
            while (!end.IsCancellationRequested)
            {
                var sent = Stopwatch.GetTimestamp();
                tally.Add(await connection.SendAsync(next()), Stopwatch.GetElapsedTime(sent));
            }
        }));
        return tally.AnsweredCount / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <param name="fromDue">Whether a request's time begins when it was due, so that one that had to wait for a connection counts its wait, or when it was sent.</param>
    public static async Task OpenAsync(int port, int connections, double perSecond, TimeSpan time, Func<byte[]> next, Tally tally, bool fromDue)
    {
        var due = Channel.CreateBounded<long>(MaxDue);
        var workers = Enumerable.Range(0, connections).Select(_ => Task.Run(() => WorkAsync(port, due.Reader, next, tally, fromDue))).ToArray();
        var pacer = new Thread(() => Pace(due.Writer, perSecond, time, tally)) { IsBackground = true };
        pacer.Start();
        await Task.WhenAll(workers);
    }

    private static void Pace(ChannelWriter<long> due, double perSecond, TimeSpan time, Tally tally)
    {
        var started = Stopwatch.GetTimestamp();
        long made = 0;
        while (Stopwatch.GetElapsedTime(started) is var elapsed && elapsed < time)
        {
            for (var now = Stopwatch.GetTimestamp(); made < elapsed.TotalSeconds * perSecond; made++)
            {
                if (!due.TryWrite(now))
                    tally.Unsent++;
            }

            Thread.Sleep(PaceMilliseconds);
        }

        due.Complete();
    }

    private static async Task WorkAsync(int port, ChannelReader<long> due, Func<byte[]> next, Tally tally, bool fromDue)
    {
        HttpConnection? connection = null;
        try
        {
            await foreach (var at in due.ReadAllAsync())
            {
                try
                {
                    connection ??= await HttpConnection.OpenAsync(port);
                    var sent = fromDue ? at : Stopwatch.GetTimestamp();
                    tally.Add(await connection.SendAsync(next()), Stopwatch.GetElapsedTime(sent));
                }
                catch (Exception e) when (e is IOException or SocketException)
                {
                    tally.Fail(e.Message);
                    connection?.Dispose();
                    connection = null;
                }
            }
        }
        finally
        {
            connection?.Dispose();
        }
    }
}
