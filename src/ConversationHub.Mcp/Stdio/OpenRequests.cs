using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Stdio;

/// <summary>
/// The requests read and not yet answered: the one mutable state of the transport. Thread-safe.
/// It makes three promises hold by construction: an id is answered once, nothing is sent for a request that was
/// cancelled, and no progress after the answer.
/// </summary>
internal sealed class OpenRequests
{
    private readonly Lock _lock = new();
    private readonly Dictionary<RequestId, Entry> _open = [];
    private readonly HashSet<ProgressToken> _progressTokens = [];
    private int _calls;
    private long _bytes;
    private TaskCompletionSource? _idle;

    internal enum Admission
    {
        Opened,
        IdInUse,
        TooManySubscriptions,
    }

    /// <summary>How many are open but subscriptions, and the bytes of all their lines.</summary>
    internal (int Calls, long Bytes) Load
    {
        get
        {
            lock (_lock)
                return (_calls, _bytes);
        }
    }

    internal bool IsOpen(RequestId id)
    {
        lock (_lock)
            return _open.ContainsKey(id);
    }

    /// <param name="bytes">Of its line.</param>
    internal Admission TryOpen(JsonRpcRequest request, long bytes)
    {
        var entry = new Entry(request, ProgressTokenOf(request), bytes);
        lock (_lock)
        {
            if (_open.ContainsKey(request.Id))
                return Admission.IdInUse;
            if (entry.IsSubscription && _open.Count - _calls >= StdioLimits.MaxOpenSubscriptions)
                return Admission.TooManySubscriptions;
            _open.Add(request.Id, entry);
            _bytes += bytes;
            if (!entry.IsSubscription)
                _calls++;
            if (entry.ProgressToken is { } token)
                _progressTokens.Add(token);
            return Admission.Opened;
        }
    }

    /// <summary>Ends a request because its answer is about to be written. False: it is not open, write nothing.</summary>
    internal bool Close(RequestId id)
    {
        lock (_lock)
            return Close_NeedsLock(id);
    }

    /// <summary>Ends a request at the client's wish. <c>initialize</c> cannot be cancelled and stays open.</summary>
    internal void Cancel(RequestId id)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(id, out var entry) && entry.Request.Method != RequestMethods.Initialize)
                Close_NeedsLock(id);
        }
    }

    /// <summary>Whether a request that asked for progress under this token is still open.</summary>
    internal bool MayProgress(ProgressToken token)
    {
        lock (_lock)
            return _progressTokens.Contains(token);
    }

    /// <summary>Completes when no request but subscriptions is open.</summary>
    internal Task WhenIdleAsync()
    {
        lock (_lock)
            return _calls == 0 ? Task.CompletedTask : (_idle ??= NewSignal()).Task;
    }

    private bool Close_NeedsLock(RequestId id)
    {
        if (!_open.Remove(id, out var entry))
            return false;
        _bytes -= entry.Bytes;
        if (entry.ProgressToken is { } token)
            _progressTokens.Remove(token);
        if (entry.IsSubscription)
            return true;

        if (--_calls == 0)
            Interlocked.Exchange(ref _idle, null)?.TrySetResult();
        return true;
    }

    private static ProgressToken? ProgressTokenOf(JsonRpcRequest request) =>
        request.Params is JsonObject parameters && parameters["_meta"] is JsonObject meta
            ? JsonText.ProgressToken(meta["progressToken"])
            : null;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Entry(JsonRpcRequest request, ProgressToken? progressToken, long bytes)
    {
        internal JsonRpcRequest Request => request;

        internal ProgressToken? ProgressToken => progressToken;

        internal long Bytes => bytes;

        internal bool IsSubscription => request.Method == RequestMethods.SubscriptionsListen;
    }
}
