using System.Threading.Channels;
using Maestra.Backend.Outside;

namespace Maestra.Backend.Alerts;

/// <summary>Holds the state of alerting, ticks, and posts what <see cref="AlertPolicy"/> decides: behind a bounded queue, within five seconds each, and a failure is only logged.</summary>
internal sealed class AlertBoard : IAlerts, IAsyncDisposable
{
    private const int MaxQueued = 64;
    public static readonly TimeSpan PostTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Uri _webhook;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly ILogger _logger;
    private readonly HttpClient _client = OutsideClient.Create();
    private readonly Channel<byte[]> _messages = Channel.CreateBounded<byte[]>(
        new BoundedChannelOptions(MaxQueued) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _timer;
    private readonly Task _work;
    private AlertState _state = AlertState.Start;

    public AlertBoard(Uri webhook, TimeProvider time, ILogger logger)
    {
        (_webhook, _time, _logger, _began) = (webhook, time, logger, time.GetTimestamp());
        _work = Task.Run(PostAllAsync);
        _timer = time.CreateTimer(
            static board => ((AlertBoard)board!).Tell(new AlertSignal.Tick()), this, AlertPolicy.TickInterval, AlertPolicy.TickInterval);
    }

    public void Tell(AlertSignal signal)
    {
        lock (_gate)
        {
            var decision = AlertPolicy.Decide(_state, signal, _time.GetElapsedTime(_began));
            _state = decision.State;
            foreach (var alert in decision.Alerts)
            {
                if (!_messages.Writer.TryWrite(SlackMessage.Of(alert, _time.GetUtcNow())))
                    _logger.AlertFailed("too many wait to be sent");
            }
        }
    }

    /// <summary>Sends what is left, for a bounded time.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _messages.Writer.TryComplete();
        await _work.WaitAsync(FlushTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stop.CancelAsync();
        await _work;
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task PostAllAsync()
    {
        await foreach (var message in _messages.Reader.ReadAllAsync(CancellationToken.None))
        {
            if (await PostAsync(message) is { } reason)
                _logger.AlertFailed(reason);
        }
    }

    private async Task<string?> PostAsync(byte[] message)
    {
        using var limit = new CancellationTokenSource(PostTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
        try
        {
            return await _client.PostAsync(_webhook, message, authorization: null, either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return _stop.IsCancellationRequested ? "the backend stopped" : $"no answer within {PostTimeout.TotalSeconds} s";
        }
#pragma warning disable CA1031 // Whatever it is, one alert is lost; the worker must outlive it, or all later ones are.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e.GetType().Name;
        }
    }
}
