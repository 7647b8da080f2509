using System.Collections.Frozen;

namespace ConversationHub.Routing;

/// <summary>Runs one attempt within its share of the time. Nothing it calls can make it late: what ignores cancellation is abandoned.</summary>
internal sealed class AttemptRunner
{
    /// <summary>How long after its share an attempt may take to notice that it is over.</summary>
    public static readonly TimeSpan AbandonGrace = TimeSpan.FromMilliseconds(20);

    private readonly BackendClient _client;
    private readonly TimeProvider _time;
    private readonly FrozenDictionary<TargetName, LivenessPatrol> _patrols;
    private readonly Func<Call, CancellationToken, ValueTask<AttemptResult>> _send;

    public AttemptRunner(TargetSet targets, BackendClient client, TimeProvider time)
    {
        _client = client;
        _time = time;
        _patrols = targets.All.ToFrozenDictionary(static board => board.Name, board => new LivenessPatrol(client, board, time));
        _send = SendAsync;
    }

    /// <summary>Who watches the attempts at a target.</summary>
    internal LivenessPatrol PatrolOf(TargetName target) => _patrols[target];

    /// <param name="direct">Past the breaker and with a short connect: every breaker is open.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async ValueTask<AttemptResult> RunAsync(
        TargetBoard board, Question question, TimeSpan share, bool direct, CancellationToken cancellationToken)
    {
        var call = new Call(board, question, share, direct, _time.GetTimestamp(), cancellationToken);
        var running = board.Pipeline.RunAsync(_send, call, share, cancellationToken);
        try
        {
            return await running.WaitAsync(share + AbandonGrace, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Abandon(running);
            return new AttemptResult(AttemptOutcome.Deadline);
        }
        catch (OperationCanceledException)
        {
            Abandon(running);
            throw;
        }
    }

    /// <summary>It has been told to stop and nobody waits for it any more; its resources go when it ends.</summary>
    private static void Abandon(Task running) =>
        _ = running.ContinueWith(
            static ended => ended.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    private async ValueTask<AttemptResult> SendAsync(Call call, CancellationToken cancellationToken)
    {
        var board = call.Board;

        // Not even looking for it may touch a target whose breaker opened since it was chosen.
        if (!call.Direct && board.IsOpen)
            return new AttemptResult(AttemptOutcome.SkippedOpen);
        Located located;
        try
        {
            located = await board.LocateAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!call.Caller.IsCancellationRequested)
        {
            // Its time was spent before it was found: nothing was sent.
            return new AttemptResult(AttemptOutcome.SkippedBudget);
        }

        if (located.Endpoint is not { } endpoint)
            return located.Failure!;
        using var watch = _patrols[board.Name].Enter(endpoint, cancellationToken);
        try
        {
            return await _client.AskAsync(board.Name, endpoint, call.Question, OptionsOf(call, watch), watch.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (watch.GaveUp && !cancellationToken.IsCancellationRequested)
        {
            // Silence before the question could be written, as of a TLS handshake that hangs, is a connection that never came.
            return new AttemptResult(watch.WasSent ? AttemptOutcome.Stalled : AttemptOutcome.ConnectTimeout)
            {
                Detail = $"no sign of life for {LivenessPatrol.SilenceLimit.TotalSeconds:0} s",
            };
        }
    }

    private AskOptions OptionsOf(Call call, LivenessWatch watch) => new()
    {
        TimeLeft = call.Share - _time.GetElapsedTime(call.StartedAt),
        Breaker = call.Direct ? null : call.Board.Pipeline,
        ConnectTimeout = call.Direct ? RoutingClients.DirectConnectTimeout : null,
        Stream = call.Board.Streams,
        Signs = watch,
        OnText = call.Question.Progress is { } progress
            ? text => progress.Report(new RoutingProgress(call.Board.Name, GaveUpOn: null, text))
            : null,
    };

    private readonly record struct Call(
        TargetBoard Board, Question Question, TimeSpan Share, bool Direct, long StartedAt, CancellationToken Caller);
}
