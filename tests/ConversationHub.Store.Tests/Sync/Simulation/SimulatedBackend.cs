using ConversationHub.Contracts;
using ConversationHub.Testing.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.Tests.Sync.Simulation;

/// <summary>One backend of a simulation: the real log store, its clock, its disk, and what it let others and its users know.</summary>
internal sealed class SimulatedBackend(string root, string backendId, TimeSpan skew, bool keepsSearchIndex, int seed)
{
    private static readonly Dictionary<string, long> Nothing = [];

    private readonly Dictionary<string, long> _told = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> _acknowledged = [];
    private StoreOpening.Opened? _opened;
    private SyncSide? _side;
    private DyingDisk _disk = new();

    public ManualTimeProvider Time { get; private set; } = new(new DateTimeOffset(2026, 1, 5, 9, 30, 0, TimeSpan.Zero) + skew);

    public SyncSide Side => _side ??= Open();

    /// <summary>What may be put back later.</summary>
    public FolderImage? Backup { get; private set; }

    public string Id => backendId;

    public bool IsDead => _disk.IsDead;

    /// <summary>A vector that leaves this backend: from now on it is a promise.</summary>
    public async Task<IReadOnlyDictionary<string, long>> TellHaveAsync()
    {
        var have = await Side.HaveAsync();
        foreach (var (origin, seq) in have)
            _told[origin] = Math.Max(seq, _told.GetValueOrDefault(origin));
        return have;
    }

    public async Task<IReadOnlyList<SyncOperation>> MissingAsync(SimulatedBackend peer) =>
        (await Side.Sync.ReadMissingAsync(SyncScope.Everybody, await peer.TellHaveAsync(), CancellationToken.None)).Batch!.Operations;

    /// <summary>All that this backend would give a peer that has nothing.</summary>
    public async Task<IReadOnlyList<SyncOperation>> HeldAsync()
    {
        var held = (await Side.Sync.ReadMissingAsync(SyncScope.Everybody, Nothing, CancellationToken.None)).Batch!;
        Assert.False(held.More, $"seed {seed}: a schedule writes more than a batch holds");
        return held.Operations;
    }

    /// <returns>False when the disk died of it.</returns>
    public async Task<bool> ApplyAsync(IReadOnlyList<SyncOperation> batch)
    {
        var outcome = await Side.ApplyAsync(batch);
        if (outcome is SyncApplyOutcome.Conflict)
            Assert.Fail($"seed {seed}: {backendId} holds something else under a number: {await DisagreementsAsync(batch)}");
        Assert.True(outcome is SyncApplyOutcome.Applied || (outcome is SyncApplyOutcome.NotCommitted && _disk.IsDead), $"seed {seed}: a batch was refused: {outcome}");
        return outcome is SyncApplyOutcome.Applied;
    }

    private async Task<string> DisagreementsAsync(IReadOnlyList<SyncOperation> batch)
    {
        var held = (await HeldAsync()).ToLookup(static one => (one.Origin, one.Seq));
        return string.Join("; ", batch
            .SelectMany(sent => held[(sent.Origin, sent.Seq)].Where(ours => ours.Id != sent.Id || ours.UserId != sent.UserId).Select(ours => $"{sent} for {ours}"))
            .Take(3));
    }

    /// <returns>The operation when it was acknowledged; null when the conversation was erased or the disk died.</returns>
    public async Task<OperationId?> AskAsync(string message, string conversation, UserId user)
    {
        var question = new QuestionDraft
        {
            User = user,
            OperationId = new IdSource(Time).NewOperationId(),
            ConversationId = ConversationId.Parse(conversation),
            Message = message,
            Surface = OpenedStore.Windsurf,
            ModeHint = null,
            Fingerprint = OpenedStore.Fingerprint(message),
        };
        var stored = await Side.Store.StoreQuestionAsync(question, CancellationToken.None);
        Assert.True(
            stored is QuestionOutcome.Stored or QuestionOutcome.Erased || (stored is QuestionOutcome.NotCommitted && _disk.IsDead), $"seed {seed}: {stored}");
        if (stored is not QuestionOutcome.Stored)
            return null;

        // Durable, so it counts whatever becomes of the reply.
        _acknowledged.Add(question.OperationId.Value);
        var reply = await Side.Store.StoreReplyAsync(OpenedStore.Reply(question, "Yes."), CancellationToken.None);
        Assert.True(reply is ReplyOutcome.Stored || (reply is ReplyOutcome.NotCommitted && _disk.IsDead), $"seed {seed}: {reply}");
        return question.OperationId;
    }

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

    /// <summary>The next writes meet the end of the disk.</summary>
    public void Doom(Random random)
    {
        _ = Side;
        if (random.Next(3) == 0)
            _disk.DieAtFlush();
        else
            _disk.DieAfter(random.Next(1, 4_000));
    }

    /// <summary>SIGKILL: the files as they are now are all that is left, at times with the beginning of a line that was being written.</summary>
    public async Task KillAsync(Random random)
    {
        _ = Side;
        var image = FolderImage.Take(root);
        await CloseAsync();
        image.PutBack(root);
        if (random.Next(2) == 0)
            await TearAsync(random);
        var have = await Side.HaveAsync();
        foreach (var (origin, seq) in _told)
            Assert.True(have.GetValueOrDefault(origin) >= seq, $"seed {seed}: {origin} was told to be held up to {seq}, and after a crash is up to {have.GetValueOrDefault(origin)}");
        var held = (await HeldAsync()).Select(static one => one.Id).ToHashSet();
        foreach (var id in _acknowledged)
            Assert.True(held.Contains(id), $"seed {seed}: {id} was acknowledged by {backendId}, which lost it in a crash");
    }

    public async Task BackUpAsync()
    {
        _ = Side;
        await CloseAsync();
        Backup = FolderImage.Take(root);
    }

    /// <summary>What was told and acknowledged since is gone with the disk.</summary>
    /// <param name="asACopy">False: nothing but the content shows that it was put back.</param>
    public async Task RestoreAsync(bool asACopy)
    {
        await CloseAsync();
        if (asACopy)
            Backup!.PutBackAsACopy(root);
        else
            Backup!.PutBack(root);
        Time = new ManualTimeProvider(Time.GetUtcNow() - TimeSpan.FromHours(1));
        _told.Clear();
        _acknowledged.Clear();
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
        (_opened, _side, _disk) = (null, null, new DyingDisk());
    }

    /// <summary>The beginning of a good line, as a write that was cut off leaves it.</summary>
    private async Task TearAsync(Random random)
    {
        var segment = Directory.EnumerateFiles(Path.Combine(root, "log"), "*.jsonl").Order(StringComparer.Ordinal).LastOrDefault();
        if (segment is null)
            return;
        var bytes = await File.ReadAllBytesAsync(segment);
        var line = bytes.AsSpan(0, Math.Max(0, bytes.Length - 1)).LastIndexOf((byte)'\n') + 1;
        if (bytes.Length - line < 2)
            return;
        await File.AppendAllBytesAsync(segment, bytes[line..(line + random.Next(1, bytes.Length - line - 1))]);
    }

    private SyncSide Open()
    {
        var options = OpenedStore.Options(root, StoreNamespace.PerUser) with { BackendId = backendId, KeepsSearchIndex = keepsSearchIndex };
        _opened = Assert.IsType<StoreOpening.Opened>(StoreOpener.OpenLog(options, Time, new IdSource(Time), NullLogger.Instance, _disk));
        return new SyncSide(backendId, _opened, Time);
    }
}
