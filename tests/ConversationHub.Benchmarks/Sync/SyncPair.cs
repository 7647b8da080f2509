using ConversationHub.Testing;

namespace ConversationHub.Benchmarks.Sync;

/// <summary>Two paired backends, everything between them through a relay that counts. The caller knows the other's address; the answerer knows none.</summary>
internal sealed class SyncPair : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();

    private SyncPair(string program, int intervalSeconds)
    {
        Caller = Make("caller");
        Answerer = Make("answerer");
        Relay = new CountingRelay(Answerer.Port);

        SyncedBackend Make(string name)
        {
            Directory.CreateDirectory(_folder.Combine(name));
            return new SyncedBackend(program, _folder.Combine(name), intervalSeconds);
        }
    }

    public SyncedBackend Caller { get; }

    public SyncedBackend Answerer { get; }

    public CountingRelay Relay { get; }

    /// <summary>Paired, the answerer running, the caller not yet.</summary>
    public static async Task<SyncPair> CreateAsync(string program, int intervalSeconds = 5)
    {
        var pair = new SyncPair(program, intervalSeconds);
        await pair.Answerer.StartAsync(calls: false);
        var invited = await pair.Answerer.CommandAsync("peers", "invite");
        var code = invited.Split('\n').First(static line => line.StartsWith("code ", StringComparison.Ordinal))[4..].Trim();
        await pair.Caller.CommandAsync("peers", "join", code, "--url", $"http://127.0.0.1:{pair.Relay.Port}");
        return pair;
    }

    /// <summary>Waits until a conversation is at a backend.</summary>
    /// <returns>How long it took.</returns>
    public static async Task<TimeSpan> UntilAsync(SyncedBackend backend, string conversation)
    {
        var limit = TimeSpan.FromSeconds(200);
        var began = TimeProvider.System.GetTimestamp();
        while (!await backend.HasAsync(conversation))
        {
            if (TimeProvider.System.GetElapsedTime(began) > limit)
                throw new TimeoutException($"{conversation} did not come within {limit}.");
            await Task.Delay(TimeSpan.FromMilliseconds(2));
        }

        return TimeProvider.System.GetElapsedTime(began);
    }

    public async ValueTask DisposeAsync()
    {
        Caller.Dispose();
        Answerer.Dispose();
        await Relay.DisposeAsync();
        _folder.Dispose();
    }
}
