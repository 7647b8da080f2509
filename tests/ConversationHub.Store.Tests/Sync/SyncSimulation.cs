using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Sync;

/// <summary>
/// Three backends with the real log store, and everything that may go wrong between and beneath them, drawn from one seed: cuts, answers that are lost
/// after they took effect, batches that come twice, late or out of order, crashes with a torn tail, backups put back, clocks a day off, erasures.
/// Beside it runs what the earlier system did: the whole conversation with the later change wins.
/// </summary>
internal sealed class SyncSimulation : IAsyncDisposable
{
    private const int Backends = 3;
    private const int Steps = 36;
    private static readonly string[] Ids = ["local_sha256_eed292c6e467c8ef", "hosted_sha256_584782401a33660a", "local_sha256_00112233445566aa"];
    private static readonly UserId[] Users = [OpenedStore.Ada, OpenedStore.Bob];

    private readonly int _seed;
    private readonly Random _random;
    private readonly TemporaryFolder _folder = new();
    private readonly Node[] _nodes = new Node[Backends];
    private readonly HashSet<(int, int)> _cut = [];
    private readonly Dictionary<Guid, (string Conversation, string Content)> _acknowledged = [];
    private readonly HashSet<string> _erasedContents = [];
    private readonly HashSet<string> _erasedConversations = [];
    private readonly List<(int To, IReadOnlyList<SyncOperation> Batch)> _captured = [];
    private readonly HashSet<Guid> _excused = [];
    private readonly LastWriteWins _earlier = new(Backends);
    private int _message;

    public SyncSimulation(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
    }

    /// <summary>Messages that were acknowledged and not erased, and how many of them whole-conversation last-write-wins lost.</summary>
    public (int Acknowledged, int LostByTheEarlierRule) Outcome { get; private set; }

    public async Task RunAsync()
    {
        for (var at = 0; at < Backends; at++)
            _nodes[at] = new Node(_folder.Combine("node" + at), Ids[at], TimeSpan.FromHours(_random.Next(-24, 25)), _seed);
        for (var step = 0; step < Steps; step++)
            await StepAsync();
        await SettleAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            if (node is not null)
                await node.CloseAsync();
        }

        _folder.Dispose();
    }

    private async Task StepAsync()
    {
        var at = _random.Next(Backends);
        var node = _nodes[at];
        node.Time.Advance(TimeSpan.FromMilliseconds(_random.Next(1, 2000)));
        switch (_random.Next(20))
        {
            case < 8:
                await WriteAsync(at);
                break;
            case < 14:
                await ExchangeAsync(at, (at + 1 + _random.Next(Backends - 1)) % Backends, isFaulty: _random.Next(3) == 0);
                break;
            case 14:
                var pair = (at, (at + 1) % Backends);
                if (!_cut.Remove(pair))
                    _cut.Add(pair);
                break;
            case 15:
                await node.CrashAsync(_random);
                break;
            case 16:
                if (node.Backup is null || _random.Next(2) == 0)
                    await node.BackUpAsync();
                else
                    await RestoreAsync(at);
                break;
            case 17:
                await EraseAsync(at);
                break;
            case 18:
                await node.JumpAsync(TimeSpan.FromHours(_random.Next(1, 25)));
                break;
            default:
                await ReplayAsync();
                break;
        }
    }

    private async Task WriteAsync(int at)
    {
        var node = _nodes[at];
        var user = Users[_random.Next(8) == 0 ? 1 : 0];
        var conversation = $"c{_random.Next(4)}";
        var content = string.Create(CultureInfo.InvariantCulture, $"m{_message++}");
        if (await node.Side.TryAskAsync(content, conversation, user) is not { } question)
            return;
        _acknowledged[question.Value] = ($"{user}/{conversation}", content);
        _earlier.Write(at, $"{user}/{conversation}", content, node.Time.GetUtcNow());
        if (_random.Next(4) == 0)
            await node.Side.ChangeAsync(change => change with { Owner = user, Title = content + " title" }, conversation);
    }

    private async Task ExchangeAsync(int from, int to, bool isFaulty)
    {
        if (_cut.Contains((from, to)) || _cut.Contains((to, from)))
            return;
        var (caller, answerer) = (_nodes[from], _nodes[to]);
        var batch = await caller.MissingAsync(answerer);
        var sent = batch;
        if (isFaulty && batch.Count > 0)
            sent = _random.Next(2) == 0 ? [.. batch.OrderBy(_ => _random.Next())] : [.. batch.Where(_ => _random.Next(3) > 0)];
        await ApplyAsync(answerer, sent);
        _captured.Add((to, sent));
        _earlier.Exchange(from, to);
        if (isFaulty && _random.Next(2) == 0)
        {
            // The answer is lost after it took effect, and the answerer dies.
            await answerer.CrashAsync(_random);
            return;
        }

        await caller.NoticeAsync(answerer);
        await answerer.NoticeAsync(caller);
        await ApplyAsync(caller, await answerer.MissingAsync(caller));
    }

    /// <summary>An old batch comes once more.</summary>
    private async Task ReplayAsync()
    {
        if (_captured.Count == 0)
            return;
        var (to, batch) = _captured[_random.Next(_captured.Count)];
        await ApplyAsync(_nodes[to], batch);
    }

    private async Task ApplyAsync(Node node, IReadOnlyList<SyncOperation> batch)
    {
        var outcome = await node.Side.ApplyAsync(batch);
        Assert.True(outcome is SyncApplyOutcome.Applied, $"seed {_seed}: a batch was refused: {outcome}");
        foreach (var (origin, seq) in await node.Side.HaveAsync())
            node.Told[origin] = Math.Max(seq, node.Told.GetValueOrDefault(origin));
    }

    private async Task EraseAsync(int at)
    {
        var node = _nodes[at];
        if (_random.Next(4) == 0)
        {
            var shown = await node.ContentsAsync(OpenedStore.Bob, null);
            await node.Side.Archive.EraseUserAsync(OpenedStore.Bob, CancellationToken.None);
            _erasedContents.UnionWith(shown);
        }
        else
        {
            var conversation = $"c{_random.Next(4)}";
            var shown = await node.ContentsAsync(OpenedStore.Ada, conversation);
            if (await node.Side.Archive.EraseConversationAsync(OpenedStore.Ada, ConversationId.Parse(conversation), CancellationToken.None) is EraseOutcome.Erased)
            {
                _erasedContents.UnionWith(shown);
                _erasedConversations.Add($"ada/{conversation}");
            }
        }

        // An erasure that a restore takes back was never heard of by anybody: the simulation sends it on at once instead of following that.
        for (var other = 0; other < Backends; other++)
        {
            if (other != at)
                await ApplyAsync(_nodes[other], [.. (await node.MissingAsync(_nodes[other])).Where(static one => one.Erase is not null)]);
        }
    }

    private async Task RestoreAsync(int at)
    {
        var node = _nodes[at];
        var gone = (await node.HeldAsync()).ToHashSet();
        var elsewhere = new HashSet<Guid>();
        foreach (var other in _nodes.Where(other => other != node))
            elsewhere.UnionWith(await other.HeldAsync());
        await node.RestoreAsync();

        // What was only on the disk that was put away, whoever wrote it, is gone with it: no program can bring it back.
        elsewhere.UnionWith(await node.HeldAsync());
        gone.ExceptWith(elsewhere);
        _excused.UnionWith(gone);
        node.Told.Clear();
    }

    private async Task SettleAsync()
    {
        _cut.Clear();
        foreach (var node in _nodes)
            await node.JumpAsync(TimeSpan.FromHours(100 * 24));
        for (var round = 0; round < 6; round++)
        {
            for (var at = 0; at < Backends; at++)
                await ExchangeAsync(at, (at + 1) % Backends, isFaulty: false);
            foreach (var node in _nodes)
                await node.Side.Sync.ReleaseDueAsync(CancellationToken.None);
        }

        var digests = new List<string>();
        foreach (var node in _nodes)
            digests.Add(await node.Side.DigestAsync());
        Assert.True(digests.Distinct().Count() == 1, $"seed {_seed}: the backends differ:\n{string.Join("\n--\n", digests)}");
        var have = await _nodes[0].Side.HaveAsync();
        foreach (var node in _nodes)
        {
            Assert.True((await node.Side.HaveAsync()).OrderBy(one => one.Key).SequenceEqual(have.OrderBy(one => one.Key)), $"seed {_seed}: the vectors differ");
            Assert.True(node.Side.Sync.Quarantined == 0, $"seed {_seed}: something is still held back");
        }

        Check(digests[0]);
    }

    private void Check(string digest)
    {
        var shown = digest.Split('\n').Where(static line => line.StartsWith("  ", StringComparison.Ordinal)).Select(static line => line.Split(' ')[4]).ToList();
        var visible = shown.ToHashSet();
        Assert.True(visible.Count == shown.Count(content => content != "Yes.") + (visible.Contains("Yes.") ? 1 : 0), $"seed {_seed}: a message is shown twice");
        foreach (var erased in _erasedContents)
            Assert.False(visible.Contains(erased), $"seed {_seed}: {erased} was erased and is shown");
        var mustBeThere = _acknowledged
            .Where(one => !_excused.Contains(one.Key) && !_erasedConversations.Contains(one.Value.Conversation) && !one.Value.Conversation.StartsWith("bob/", StringComparison.Ordinal))
            .Select(one => one.Value.Content)
            .ToList();
        foreach (var content in mustBeThere)
            Assert.True(visible.Contains(content), $"seed {_seed}: {content} was acknowledged and is lost");
        Outcome = (mustBeThere.Count, _earlier.CountLost(mustBeThere));
    }

    /// <summary>One backend: its store, its clock, and what it told others.</summary>
    private sealed class Node(string root, string backendId, TimeSpan skew, int seed)
    {
        private StoreOpening.Opened? _opened;
        private SyncSide? _side;

        public ManualTimeProvider Time { get; private set; } = new(new DateTimeOffset(2026, 1, 5, 9, 30, 0, TimeSpan.Zero) + skew);

        public SyncSide Side => _side ??= Open();

        public string? Backup { get; private set; }

        public Dictionary<string, long> Told { get; } = [];

        public async Task<IReadOnlyList<SyncOperation>> MissingAsync(Node peer) => (await Side.MissingAsync(peer.Side)).Operations;

        public async Task NoticeAsync(Node peer) => await Side.Sync.NoticeAsync(await peer.Side.HaveAsync(), CancellationToken.None);

        public async Task<IEnumerable<Guid>> HeldAsync() =>
            (await Side.Sync.ReadMissingAsync(SyncScope.Everybody, new Dictionary<string, long>(), CancellationToken.None)).Batch!.Operations.Select(one => one.Id);

        public async Task<List<string>> ContentsAsync(UserId user, string? conversation)
        {
            var contents = new List<string>();
            await foreach (var outcome in Side.Archive.ExportAsync(user, CancellationToken.None))
            {
                if (outcome is ReadOutcome.Found { Conversation: { } found } && (conversation is null || found.Id == conversation))
                    contents.AddRange(found.Messages.Where(message => message.Role == MessageRole.User).Select(message => message.Content));
            }

            return contents;
        }

        public async Task CrashAsync(Random random)
        {
            await CloseAsync();
            Directory.CreateDirectory(Path.Combine(root, "log"));
            var segment = Directory.EnumerateFiles(Path.Combine(root, "log"), "*.jsonl").Order(StringComparer.Ordinal).LastOrDefault();
            if (segment is not null && random.Next(2) == 0)
                await File.AppendAllTextAsync(segment, "{\"crc32c\":\"00000000\",\"v\":1,\"id\":\"torn");
            foreach (var (origin, seq) in Told)
            {
                var have = await Side.HaveAsync();
                Assert.True(have.GetValueOrDefault(origin) >= seq, $"seed {seed}: {origin} was told to be held up to {seq}, and after a crash is up to {have.GetValueOrDefault(origin)}");
            }
        }

        public async Task BackUpAsync()
        {
            _ = Side;
            await CloseAsync();
            Backup = root + ".backup";
            if (Directory.Exists(Backup))
                Directory.Delete(Backup, recursive: true);
            Copy(root, Backup);
        }

        public async Task RestoreAsync()
        {
            await CloseAsync();
            Directory.Delete(root, recursive: true);
            Copy(Backup!, root);
            Time = new ManualTimeProvider(Time.GetUtcNow() - TimeSpan.FromHours(1));
        }

        /// <summary>The clock is set forward while the program does not run, so that no timer fires for each moment in between.</summary>
        public async Task JumpAsync(TimeSpan by)
        {
            await CloseAsync();
            Time = new ManualTimeProvider(Time.GetUtcNow() + by);
        }

        public async Task CloseAsync()
        {
            if (_opened is not null)
                await _opened.Store.DisposeAsync();
            (_opened, _side) = (null, null);
        }

        private SyncSide Open()
        {
            var ids = new IdSource(Time);
            _opened = Assert.IsType<StoreOpening.Opened>(StoreOpener.OpenLog(
                OpenedStore.Options(root, StoreNamespace.PerUser) with { BackendId = backendId }, Time, ids, NullLogger.Instance, UnflushedDisk.Instance));
            return new SyncSide(backendId, _opened, Time);
        }

        private static void Copy(string from, string to)
        {
            foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
                Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
            foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
                File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }

    /// <summary>What the earlier system did: each side keeps the whole conversation of the later change.</summary>
    private sealed class LastWriteWins(int backends)
    {
        private readonly Dictionary<string, (DateTimeOffset At, HashSet<string> Contents)>[] _sides =
            [.. Enumerable.Range(0, backends).Select(_ => new Dictionary<string, (DateTimeOffset, HashSet<string>)>())];

        public void Write(int at, string conversation, string content, DateTimeOffset time)
        {
            var contents = _sides[at].TryGetValue(conversation, out var held) ? [.. held.Contents] : new HashSet<string>();
            contents.Add(content);
            _sides[at][conversation] = (time, contents);
        }

        public void Exchange(int left, int right)
        {
            foreach (var conversation in _sides[left].Keys.Union(_sides[right].Keys).ToList())
            {
                var winner = !_sides[left].TryGetValue(conversation, out var a) ? _sides[right][conversation]
                    : !_sides[right].TryGetValue(conversation, out var b) || a.At >= b.At ? a : b;
                _sides[left][conversation] = _sides[right][conversation] = winner;
            }
        }

        public int CountLost(IEnumerable<string> mustBeThere)
        {
            var all = _sides.SelectMany(side => side.Values).SelectMany(one => one.Contents).ToHashSet();
            var everywhere = all.Where(content => _sides.All(side => side.Values.Any(one => one.Contents.Contains(content)))).ToHashSet();
            return mustBeThere.Count(content => !everywhere.Contains(content));
        }
    }
}

/// <summary>A disk without its slowest part: what a process wrote outlives the process all the same.</summary>
internal sealed class UnflushedDisk : IDisk
{
    public static readonly UnflushedDisk Instance = new();

    private readonly PhysicalDisk _disk = PhysicalDisk.Instance;

    public Microsoft.Win32.SafeHandles.SafeFileHandle Open(string path) => _disk.Open(path);

    public void Write(Microsoft.Win32.SafeHandles.SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset) => _disk.Write(file, bytes, offset);

    public void SetLength(Microsoft.Win32.SafeHandles.SafeFileHandle file, long length) => _disk.SetLength(file, length);

    public void Flush(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
    }

    public void FlushFolder(string path)
    {
    }
}
