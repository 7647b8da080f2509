using ConversationHub.Contracts;
using ConversationHub.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.CrashHarness;

/// <summary>The child: asks and answers as fast as it can, and says on standard output what was acknowledged.</summary>
internal static class Writer
{
    public const string Ready = "ready";
    public const string Question = "Q";
    public const string Reply = "R";
    private const int Writers = 16;

    /// <summary>Before the store is known: what the first write would else wait for.</summary>
    public static void LoadCode()
    {
        using var folder = new TemporaryFolder();
        var ids = new IdSource(TimeProvider.System);
        if (StoreOpener.OpenLog(Texts.Options(folder.Combine("hub")), TimeProvider.System, ids, NullLogger.Instance) is StoreOpening.Opened opened)
            opened.Store.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    public static async Task RunAsync(string root)
    {
        var ids = new IdSource(TimeProvider.System);
        var opening = StoreOpener.OpenLog(Texts.Options(root), TimeProvider.System, ids, NullLogger.Instance);
        if (opening is not StoreOpening.Opened opened)
            throw new InvalidOperationException(((StoreOpening.Refused)opening).Reason);
        using var output = TextWriter.Synchronized(new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true });
        await output.WriteLineAsync(Ready);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(number => Task.Run(() => WriteAsync(opened.Store, ids, output, isTogether: number % 2 == 0))));
    }

    /// <param name="isTogether">Question and reply with one wait for the disk, as an answer that is made at once.</param>
    private static async Task WriteAsync(IConversationStore store, IdSource ids, TextWriter output, bool isTogether)
    {
        while (true)
        {
            var id = ids.NewOperationId();
            var question = new QuestionDraft
            {
                User = Texts.User,
                OperationId = id,
                ConversationId = Texts.Conversation(id),
                Message = Texts.Question(id),
                Surface = SurfaceId.Windsurf,
                ModeHint = null,
                Fingerprint = Texts.Fingerprint,
            };
            var reply = new ReplyDraft
            {
                User = Texts.User,
                QuestionId = id,
                Content = Texts.Reply(id),
                Mode = "advisor",
                Meta = new MessageMeta { LatencyMs = 1, Model = "test", Tokens = 0, CostUsd = 0m, Provider = "test" },
            };
            if (isTogether)
            {
                if (await ((IExchangeStore)store).StoreExchangeAsync(question, () => Task.FromResult<ReplyDraft?>(reply), CancellationToken.None) is not (_, not null))
                    throw new InvalidOperationException("A question and its reply were not stored.");
                await output.WriteLineAsync($"{Question} {id}");
                await output.WriteLineAsync($"{Reply} {id}");
                continue;
            }

            if (await store.StoreQuestionAsync(question, CancellationToken.None) is not QuestionOutcome.Stored)
                throw new InvalidOperationException("A question was not stored.");
            await output.WriteLineAsync($"{Question} {id}");
            if (await store.StoreReplyAsync(reply, CancellationToken.None) is not ReplyOutcome.Stored)
                throw new InvalidOperationException("A reply was not stored.");
            await output.WriteLineAsync($"{Reply} {id}");
        }
    }
}
