using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using ConversationHub.Mcp.Http;

namespace ConversationHub.McpHttp;

/// <summary>The sessions of the older revisions, at most <see cref="HttpLimits.MaxSessions"/>. Thread-safe.</summary>
internal sealed class McpHttpSessions : IAsyncDisposable
{
    private const int IdBytes = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, McpHttpSession> _sessions = new(StringComparer.Ordinal);

    internal int Count
    {
        get
        {
            lock (_gate)
                return _sessions.Count;
        }
    }

    /// <summary>An id that nobody can guess: whoever knows it speaks in that session.</summary>
    internal static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(IdBytes));

    /// <summary>Enters a session, which is not ended to make room until it is left (<see cref="McpHttpSession.Leave"/>). False: there is none of that id.</summary>
    internal bool TryEnter(string id, [NotNullWhen(true)] out McpHttpSession? session)
    {
        lock (_gate)
        {
            if (!_sessions.TryGetValue(id, out session))
                return false;
            session.Enter();
            return true;
        }
    }

    /// <summary>Takes a new session and enters it. False: each session has a request open, and this one was not taken.</summary>
    internal async ValueTask<bool> TryAddAsync(McpHttpSession session)
    {
        McpHttpSession? leaving;
        lock (_gate)
        {
            leaving = _sessions.Count < HttpLimits.MaxSessions ? null : LongestIdle_NeedsLock();
            if (leaving is null && _sessions.Count >= HttpLimits.MaxSessions)
                return false;
            if (leaving is not null)
                _sessions.Remove(leaving.Id);
            session.Enter();
            _sessions.Add(session.Id, session);
        }

        if (leaving is not null)
            await leaving.DisposeAsync();
        return true;
    }

    /// <summary>Ends it, once what is open in it is answered or told that it will not be. False: there is none of that id.</summary>
    internal async ValueTask<bool> EndAsync(string id)
    {
        McpHttpSession? session;
        lock (_gate)
        {
            if (!_sessions.Remove(id, out session))
                return false;
        }

        await session.EndAsync();
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        McpHttpSession[] all;
        lock (_gate)
        {
            all = [.. _sessions.Values];
            _sessions.Clear();
        }

        foreach (var session in all)
            await session.DisposeAsync();
    }

    private McpHttpSession? LongestIdle_NeedsLock() =>
        _sessions.Values.Where(static session => session.IsIdle).MinBy(static session => session.LastUse);
}
