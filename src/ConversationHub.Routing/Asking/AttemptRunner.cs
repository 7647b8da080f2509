namespace ConversationHub.Routing;

/// <summary>Runs one attempt within its share of the time. Nothing it calls can make it late: what ignores cancellation is abandoned.</summary>
internal sealed class AttemptRunner(BackendClient client, TimeProvider time)
{
    /// <summary>How long after its share an attempt may take to notice that it is over.</summary>
    public static readonly TimeSpan AbandonGrace = TimeSpan.FromMilliseconds(20);

    /// <param name="direct">Past the breaker and with a short connect: every breaker is open.</param>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<AttemptResult> RunAsync(
        TargetBoard board, Question question, TimeSpan share, bool direct, CancellationToken cancellationToken)
    {
        var call = new Call(board, question, share, direct);
        var running = direct
            ? board.Pipeline.RunPastBreakerAsync(SendAsync, call, share, cancellationToken)
            : board.Pipeline.RunAsync(SendAsync, call, share, cancellationToken);
        try
        {
            return await running.WaitAsync(share + AbandonGrace, time, cancellationToken).ConfigureAwait(false);
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
        var located = await board.Locator.LocateAsync(cancellationToken).ConfigureAwait(false);
        if (located.Endpoint is not { } endpoint)
            return located.Failure!;
        using var watch = new LivenessWatch(client, board, endpoint, time, cancellationToken);
        try
        {
            return await client.AskAsync(board.Name, endpoint, call.Question, OptionsOf(call, watch), watch.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (watch.GaveUp && !cancellationToken.IsCancellationRequested)
        {
            return new AttemptResult(AttemptOutcome.Stalled)
            {
                Detail = $"no sign of life for {LivenessWatch.SilenceLimit.TotalSeconds:0} s",
            };
        }
    }

    private static AskOptions OptionsOf(Call call, LivenessWatch watch) => new()
    {
        TimeLeft = call.Share,
        ConnectTimeout = call.Direct ? RoutingClients.DirectConnectTimeout : null,
        Stream = call.Board.Streams,
        OnSign = watch.Sign,
        OnText = call.Question.Progress is { } progress
            ? text => progress.Report(new RoutingProgress(call.Board.Name, GaveUpOn: null, text))
            : null,
    };

    private readonly record struct Call(TargetBoard Board, Question Question, TimeSpan Share, bool Direct);
}
