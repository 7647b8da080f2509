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
        var abandon = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = direct
            ? board.Pipeline.RunPastBreakerAsync(SendAsync, call, share, abandon.Token)
            : board.Pipeline.RunAsync(SendAsync, call, share, abandon.Token);
        try
        {
            var result = await running.WaitAsync(share + AbandonGrace, time, cancellationToken).ConfigureAwait(false);
            abandon.Dispose();
            return result;
        }
        catch (TimeoutException)
        {
            Abandon(running, abandon);
            return new AttemptResult(AttemptOutcome.Deadline);
        }
        catch (OperationCanceledException)
        {
            Abandon(running, abandon);
            throw;
        }
    }

    /// <summary>Nobody waits for it any more; its resources go when it ends.</summary>
    private static void Abandon(Task<AttemptResult> running, CancellationTokenSource abandon)
    {
        // Cancelling runs callbacks of the transport, which must not delay the answer.
        _ = Task.Run(abandon.Cancel);
        _ = running.ContinueWith(
            static (ended, source) =>
            {
                _ = ended.Exception;
                ((CancellationTokenSource)source!).Dispose();
            },
            abandon,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async ValueTask<AttemptResult> SendAsync(Call call, CancellationToken cancellationToken)
    {
        var board = call.Board;
        var located = await board.Locator.LocateAsync(cancellationToken).ConfigureAwait(false);
        if (located.Endpoint is not { } endpoint)
            return located.Failure!;
        var watch = new LivenessWatch(client, board.Name, endpoint, time, cancellationToken);
        await using (watch.ConfigureAwait(false))
        {
            try
            {
                return await client.AskAsync(
                    board.Name,
                    endpoint,
                    call.Question,
                    call.Share,
                    call.Direct ? RoutingClients.DirectConnectTimeout : null,
                    watch.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (watch.GaveUp && !cancellationToken.IsCancellationRequested)
            {
                return new AttemptResult(AttemptOutcome.Stalled)
                {
                    Detail = $"no sign of life for {LivenessWatch.SilenceLimit.TotalSeconds:0} s",
                };
            }
        }
    }

    private readonly record struct Call(TargetBoard Board, Question Question, TimeSpan Share, bool Direct);
}
