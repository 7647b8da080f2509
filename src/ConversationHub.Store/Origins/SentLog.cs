using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Origins;

/// <summary>Keeps the <see cref="SentMark"/> of an open store up with what leaves it. Thread-safe.</summary>
/// <param name="noted">What the file says; null when there is none.</param>
internal sealed class SentLog(string path, string backendId, long? noted, ILogger logger)
{
    private readonly Lock _gate = new();
    private long? _noted = noted;
    private bool _hasFailed;

    /// <summary>To be called before operations of one's own leave. A disk that does not take it holds up no exchange: the copy at the peer is worth more.</summary>
    /// <param name="operations">How many there are (<see cref="SentMark.Operations"/>).</param>
    public void Note(long operations)
    {
        lock (_gate)
        {
            if (operations <= _noted)
                return;
            try
            {
                SentMark.Write(path, backendId, operations);
                _noted = operations;
                _hasFailed = false;
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                if (!_hasFailed)
                    StoreTelemetry.SentNotNoted(logger, path, refused.Message);
                _hasFailed = true;
            }
        }
    }
}
