using System.Collections.Immutable;
using System.Globalization;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <summary>
/// Finds a local backend nobody named: the port in the port file, else 8825–8829 in parallel, lowest wins (wire.md §5).
/// A port counts only if its <c>/health</c> says <c>brain_id</c> = <c>maestra</c>, so that a stranger on it gets no text;
/// what was found is asked again when it failed, or was found longer than 3 s ago.
/// </summary>
/// <param name="named">The base URL its owner set, which then is the only one asked; null for 127.0.0.1 and the ports.</param>
internal sealed class LocalDiscovery(BackendClient client, string? portFile, ImmutableArray<int> ports, TimeProvider time, Uri? named = null) : ITargetLocator
{
    /// <summary>How long a search may take, and a port to answer when no other one does: it is on this machine, which may be busy.</summary>
    private static readonly TimeSpan PortAnswerLimit = TimeSpan.FromSeconds(2);

    /// <summary>How long reading the port file may take.</summary>
    private static readonly TimeSpan PortFileLimit = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the lower ports are waited for once a higher one has answered, and a port that is asked before the others.</summary>
    private static readonly TimeSpan LowerPortsLimit = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How long a found port is believed to be still ours: less than an idle connection lives, so that a question goes out
    /// on the connection that the health request has just proven.
    /// </summary>
    private static readonly TimeSpan FoundLifetime = TimeSpan.FromSeconds(3);

    /// <summary>The ports a local backend takes when none was set.</summary>
    public static readonly ImmutableArray<int> UsualPorts =
        [.. Enumerable.Range(WireFormat.DefaultLocalPort, WireFormat.LastLocalPort - WireFormat.DefaultLocalPort + 1)];

    private const string Host = "127.0.0.1";
    private const int MaxPortFileBytes = 16;

    private readonly Lock _gate = new();
    private volatile Found? _found;
    private Task<Located> _looking = Task.FromResult(default(Located));

    /// <summary>Whether a URL names this machine, by plain HTTP, and one of <see cref="UsualPorts"/>, where anybody may have been first.</summary>
    public static bool IsUsual(Uri url) => url.Scheme == Uri.UriSchemeHttp && url.IsLoopback && UsualPorts.Contains(url.Port);

    public TargetEndpoint? Known => _found?.Endpoint;

    public void Forget() => _found = null;

    public ValueTask<Located> LocateAsync(CancellationToken cancellationToken)
    {
        if (_found is { } found && time.GetElapsedTime(found.At) < FoundLifetime)
            return new(new Located(found.Endpoint, null));

        // Of many that ask at once one looks, and nobody who stops waiting ends it for the others.
        lock (_gate)
        {
            if (_looking.IsCompleted)
                _looking = LookAsync(CancellationToken.None);
            return new(_looking.WaitAsync(cancellationToken));
        }
    }

    private async Task<Located> LookAsync(CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var search = new Search(time.GetTimestamp(), [], enough.Token);

        // A backend that was started anew may have taken another port, and has written it down.
        if ((_found?.Endpoint.BaseUrl.Port is { } before && await IsAtAsync(before, search).ConfigureAwait(false))
            || (await ReadPortFileAsync(cancellationToken).ConfigureAwait(false) is { } written && await IsAtAsync(written, search).ConfigureAwait(false)))
        {
            return Keep(await search.Asked[^1].ConfigureAwait(false));
        }

        foreach (var port in ports)
            _ = Ask(port, search);
        var answers = await AnswersAsync(search).ConfigureAwait(false);
        await enough.CancelAsync().ConfigureAwait(false);
        if (Array.Find(answers, static answer => answer.Answer.IsMaestra) is { } lowest)
            return Keep(lowest);

        _found = null;
        // A lookalike ends the search for everybody: with a named identity nobody else is asked in its place.
        if (Array.Find(answers, static answer => answer.Answer.Distrusted is not null) is { } lookalike)
            return new Located(null, lookalike.Answer.Distrusted);
        return new Located(null, Failure(answers));
    }

    private AttemptResult Failure(PortAnswer[] answers)
    {
        if (Array.Find(answers, static answer => answer.Answer.IsAlive) is { } stranger)
            return new AttemptResult(AttemptOutcome.Impostor) { Detail = $"port {stranger.Port} belongs to another service" };
        if (Array.Find(answers, static answer => answer.Answer.IsSilent) is { } silent)
            return new AttemptResult(AttemptOutcome.ConnectTimeout) { Detail = $"port {silent.Port} does not answer" };
        return new AttemptResult(AttemptOutcome.Refused) { Detail = $"nobody answers on {(ports.Length == 1 ? "port" : "the ports")} {string.Join(", ", ports)}" };
    }

    /// <summary>Asks one port before all others, which are waited for no longer than it takes to prefer it.</summary>
    private async Task<bool> IsAtAsync(int port, Search search)
    {
        if (Ask(port, search) is not { } asking)
            return false;
        try
        {
            return (await asking.WaitAsync(LowerPortsLimit, time, search.Token).ConfigureAwait(false)).Answer.IsMaestra;
        }
        catch (TimeoutException)
        {
            // It may still answer, beside the others.
            return false;
        }
    }

    private Located Keep(PortAnswer answer)
    {
        _found = new Found(answer.Endpoint, time.GetTimestamp());
        return new Located(answer.Endpoint, null, (answer.Answer, answer.Latency));
    }

    /// <summary>In the order in which they were asked, those that answered in time.</summary>
    private async Task<PortAnswer[]> AnswersAsync(Search search)
    {
        var all = Task.WhenAll(search.Asked);
        try
        {
            return await all.WaitAsync(LowerPortsLimit, time, search.Token).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            var soFar = search.Asked.Where(static each => each.IsCompletedSuccessfully).Select(static each => each.Result).ToArray();
            if (!Array.Exists(soFar, static answer => answer.Answer.IsMaestra))
                return await all.ConfigureAwait(false);

            // Nobody looks at the others any more, nor at how they end.
            _ = all.ContinueWith(static ended => ended.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return soFar;
        }
    }

    /// <returns>Null when it was asked before, or there is no time for it.</returns>
    private Task<PortAnswer>? Ask(int port, Search search)
    {
        var left = PortAnswerLimit - time.GetElapsedTime(search.StartedAt);
        if (left <= TimeSpan.Zero || !search.Ports.Add(port))
            return null;
        var asking = AskAsync(port, left, search.Token);
        search.Asked.Add(asking);
        return asking;
    }

    private async Task<PortAnswer> AskAsync(int port, TimeSpan limit, CancellationToken cancellationToken)
    {
        var endpoint = new TargetEndpoint(named ?? new UriBuilder(Uri.UriSchemeHttp, Host, port).Uri);
        var asked = time.GetTimestamp();
        var answer = await client
            .ReadHealthWithinAsync(TargetName.Local, endpoint, limit, cancellationToken).ConfigureAwait(false);
        return new PortAnswer(port, endpoint, answer, time.GetElapsedTime(asked));
    }

    /// <summary>A file that does not answer, such as one of a home folder on a share that hangs, must not hold a question up.</summary>
    private async ValueTask<int?> ReadPortFileAsync(CancellationToken cancellationToken)
    {
        if (portFile is null)
            return null;
        try
        {
            return await Task.Run(() => ReadPortFile(portFile), CancellationToken.None).WaitAsync(PortFileLimit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private static int? ReadPortFile(string portFile)
    {
        try
        {
            using var file = File.OpenRead(portFile);
            Span<byte> text = stackalloc byte[MaxPortFileBytes];
            var length = file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
            return int.TryParse(text[..length].TrimEnd("\r\n"u8), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                && port is >= 1 and <= 65_535 ? port : null;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // No port file is the usual case; the known ports are asked instead.
            return null;
        }
    }

    /// <param name="Asked">In the order of preference.</param>
    private sealed record Search(long StartedAt, List<Task<PortAnswer>> Asked, CancellationToken Token)
    {
        public HashSet<int> Ports { get; } = [];
    }

    private sealed record Found(TargetEndpoint Endpoint, long At);

    private sealed record PortAnswer(int Port, TargetEndpoint Endpoint, HealthAnswer Answer, TimeSpan Latency);
}
