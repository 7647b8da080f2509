using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Testing;
using ConversationHub.Testing.Logging;
using ConversationHub.Testing.Time;

namespace ConversationHub.Store.Tests;

/// <summary>A log store over a folder of its own and with a clock that stands still.</summary>
internal sealed class OpenedStore : IAsyncDisposable
{
    public const string BackendId = "local_sha256_eed292c6e467c8ef";
    public static readonly UserId Ada = UserId.Parse("ada");
    public static readonly UserId Bob = UserId.Parse("bob");
    public static readonly SurfaceId Windsurf = SurfaceId.Parse("windsurf");
    public static readonly SurfaceId Browser = SurfaceId.Parse("browser_ext");

    private readonly TemporaryFolder? _ownFolder;

    private OpenedStore(string root, TemporaryFolder? ownFolder, StoreNamespace storeNamespace, IDisk? disk, ManualTimeProvider? time)
    {
        Root = root;
        _ownFolder = ownFolder;
        Time = time ?? new ManualTimeProvider();
        Ids = new IdSource(Time);
        Opening = StoreOpener.OpenLog(Options(root, storeNamespace), Time, Ids, Logger, disk ?? PhysicalDisk.Instance);
    }

    public string Root { get; }

    public string FirstSegment => Path.Combine(Root, "log", "000000000001.jsonl");

    public ManualTimeProvider Time { get; }

    public IdSource Ids { get; }

    public CapturingLogger Logger { get; } = new();

    public StoreOpening Opening { get; }

    public IConversationStore Store => ((StoreOpening.Opened)Opening).Store;

    public IConversationArchive Archive => ((StoreOpening.Opened)Opening).Archive;

    /// <summary>In a new folder, deleted at the end.</summary>
    public static OpenedStore New(StoreNamespace storeNamespace = StoreNamespace.Shared, IDisk? disk = null, ManualTimeProvider? time = null)
    {
        var folder = new TemporaryFolder();
        return new OpenedStore(folder.Combine("conversations"), folder, storeNamespace, disk, time);
    }

    /// <summary>In a folder that outlives it.</summary>
    public static OpenedStore At(
        string root, StoreNamespace storeNamespace = StoreNamespace.Shared, IDisk? disk = null, ManualTimeProvider? time = null) =>
        new(root, null, storeNamespace, disk, time);

    public static StoreOptions Options(string root, StoreNamespace storeNamespace = StoreNamespace.Shared) =>
        new() { Root = root, BackendId = BackendId, Namespace = storeNamespace };

    public QuestionDraft Question(string message, string? conversation = "main", UserId? user = null, SurfaceId? surface = null, OperationId? id = null) => new()
    {
        User = user ?? Ada,
        OperationId = id ?? Ids.NewOperationId(),
        ConversationId = conversation is null ? null : ConversationId.Parse(conversation),
        Message = message,
        Surface = surface ?? Windsurf,
        ModeHint = null,
        Fingerprint = Fingerprint(message),
    };

    public static string Fingerprint(string message) => new QuestionFingerprint
    {
        ConversationId = null,
        Endpoint = QuestionFingerprint.CoreEndpoint,
        Message = message,
        ModeHint = null,
        SurfaceContext = null,
        SurfaceId = null,
        UserId = "ada",
    }.Compute();

    public static ReplyDraft Reply(QuestionDraft question, string content) => new()
    {
        User = question.User,
        QuestionId = question.OperationId,
        Content = content,
        Mode = "advisor",
        Meta = new MessageMeta { LatencyMs = 1, Model = "test", Tokens = 0, CostUsd = 0.0m, Provider = "test" },
    };

    public Task<QuestionOutcome> AskAsync(QuestionDraft question) => Store.StoreQuestionAsync(question, CancellationToken.None);

    public Task<ReplyOutcome> AnswerAsync(ReplyDraft reply) => Store.StoreReplyAsync(reply, CancellationToken.None);

    /// <summary>A question and its reply, both stored.</summary>
    public async Task<QuestionDraft> ExchangeAsync(string message, string reply = "Yes.", string? conversation = "main", UserId? user = null, SurfaceId? surface = null)
    {
        var question = Question(message, conversation, user, surface);
        Assert.IsType<QuestionOutcome.Stored>(await AskAsync(question));
        Assert.IsType<ReplyOutcome.Stored>(await AnswerAsync(Reply(question, reply)));
        Time.Advance(TimeSpan.FromSeconds(1));
        return question;
    }

    public async Task<ConversationDocument> ReadAsync(string conversation = "main", UserId? owner = null, int limit = WireLimits.MessagePageDefault)
    {
        var outcome = await Store.ReadAsync(
            new ReadQuery { Owner = owner ?? Ada, ConversationId = ConversationId.Parse(conversation), Limit = limit }, CancellationToken.None);
        return Assert.IsType<ReadOutcome.Found>(outcome).Conversation;
    }

    public async Task<ConversationPage> ListAsync(ListQuery query) =>
        Assert.IsType<ListOutcome.Listed>(await Store.ListAsync(query, CancellationToken.None)).Page;

    public async Task<IReadOnlyList<Passage>> SearchAsync(SearchQuery query) =>
        Assert.IsType<SearchOutcome.Ranked>(await Store.SearchAsync(query, CancellationToken.None)).Passages;

    public async Task<EraseOutcome.Erased> EraseAsync(string conversation = "main", UserId? owner = null) =>
        Assert.IsType<EraseOutcome.Erased>(
            await Archive.EraseConversationAsync(owner ?? Ada, ConversationId.Parse(conversation), CancellationToken.None));

    /// <summary>Paths, relative to the root, of the files that hold the text.</summary>
    public IReadOnlyList<string> FilesWith(string text) =>
    [
        .. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Where(path => Path.GetFileName(path) != "lock" && File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(text)) >= 0)
            .Select(path => Path.GetRelativePath(Root, path))
            .Order(StringComparer.Ordinal),
    ];

    public async ValueTask DisposeAsync()
    {
        if (Opening is StoreOpening.Opened opened)
            await opened.Store.DisposeAsync();
        _ownFolder?.Dispose();
    }
}
