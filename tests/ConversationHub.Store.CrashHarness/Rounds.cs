using System.Diagnostics;
using ConversationHub.Contracts;
using ConversationHub.Store.Maintenance;
using ConversationHub.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConversationHub.Store.CrashHarness;

/// <summary>Kills the child again and again over one store, and after each kill compares what is there with what was acknowledged.</summary>
internal static class Rounds
{
    /// <summary>A store that grew for so many rounds is left for a new one: opening it should not take most of the time.</summary>
    private const int RoundsPerStore = 20;

    private const int MaxLifeMilliseconds = 300;

    private const int RoundsPerProgressLine = 25;

    /// <param name="progress">Told every <see cref="RoundsPerProgressLine"/> rounds how far it has come.</param>
    /// <returns>False when an acknowledged message is missing or changed, one was invented, damage was found, or none was acknowledged at all.</returns>
    public static async Task<bool> RunAsync(int rounds, int seed, TextWriter report, TextWriter progress)
    {
        var started = Stopwatch.GetTimestamp();
        await report.WriteLineAsync($"seed {seed}: repeat with: store-crash-harness run {rounds} {seed}");
        var random = new Random(seed);
        var tally = new Tally();
        TemporaryFolder? folder = null;
        Child? next = null;
        var acknowledged = new HashSet<string>();
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                if (round > 0 && round % RoundsPerProgressLine == 0)
                    await progress.WriteLineAsync($"{round} of {rounds} rounds, {tally.Acknowledged} acknowledged, {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s");
                if (round % RoundsPerStore == 0)
                {
                    folder?.Dispose();
                    folder = new TemporaryFolder();
                    acknowledged.Clear();
                    tally.Remember(acknowledged);
                }

                // Every other life begins with the first acknowledgement: on a busy machine a child could else die before it wrote anything.
                var life = TimeSpan.FromMilliseconds(random.Next(MaxLifeMilliseconds));
                using var child = next ?? Child.Start();
                next = null;
                await KillAsync(child, folder!.Combine("hub"), life, round % 2 == 1, acknowledged);

                // The next one loads its code while this one's store is being looked at.
                next = round + 1 < rounds ? Child.Start() : null;
                if (await CheckAsync(folder.Combine("hub"), acknowledged, tally) is not { } wrong)
                    continue;
                await report.WriteLineAsync($"round {round} of seed {seed}: {wrong}");
                return false;
            }
        }
        finally
        {
            next?.Dispose();
            folder?.Dispose();
        }

        if (tally.Acknowledged == 0)
        {
            await report.WriteLineAsync($"{rounds} rounds in which nothing was acknowledged prove nothing");
            return false;
        }

        await report.WriteLineAsync(
            $"{rounds} rounds, {tally.Acknowledged} acknowledged messages, 0 lost, 0 invented, {tally.Unacknowledged} stored but not acknowledged, {tally.TornTails} torn tails");
        return true;
    }

    private static async Task KillAsync(Child child, string root, TimeSpan life, bool startsAtFirst, HashSet<string> acknowledged)
    {
        var output = await child.OpenAsync(root);
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = ReadAsync(output, acknowledged, first);
        if (startsAtFirst)
            await Task.WhenAny(first.Task, reading);
        await Task.Delay(life, TimeProvider.System);
        await child.KillAsync();
        await reading;
    }

    private static async Task ReadAsync(StreamReader output, HashSet<string> acknowledged, TaskCompletionSource first)
    {
        // The last line may be cut by the kill; what it names was acknowledged, but it cannot be told which.
        while (await output.ReadLineAsync() is { } line)
        {
            if (line.Length == Writer.Question.Length + 1 + OperationId.TextLength)
            {
                acknowledged.Add(line);
                first.TrySetResult();
            }
        }
    }

    /// <returns>Null when all is well.</returns>
    private static async Task<string?> CheckAsync(string root, HashSet<string> acknowledged, Tally tally)
    {
        var ids = new IdSource(TimeProvider.System);
        var maintenance = new LogMaintenance(Texts.Options(root), TimeProvider.System, ids, NullLogger.Instance);
        foreach (var finding in maintenance.Verify().Findings)
        {
            // A kill may leave a torn line and files behind the log, and nothing else.
            if (finding.What.Contains("after the last good line", StringComparison.Ordinal))
                tally.TornTails++;
            else if (!finding.What.Contains("rebuild-views", StringComparison.Ordinal))
                return finding.ToString();
        }

        if (maintenance.Open() is not StoreOpening.Opened opened)
            return "the store does not open";
        await using (opened.Store)
        {
            if (opened.Store.Status.Health != StoreHealthState.Healthy)
                return opened.Store.Status.Reason;
            return await CompareAsync(opened.Archive, acknowledged, tally);
        }
    }

    private static async Task<string?> CompareAsync(IConversationArchive archive, HashSet<string> acknowledged, Tally tally)
    {
        var stored = new HashSet<string>();
        await foreach (var outcome in archive.ExportAsync(null, CancellationToken.None))
        {
            if (outcome is not ReadOutcome.Found found)
                return "a conversation cannot be read";
            foreach (var message in found.Conversation.Messages)
            {
                var question = OperationId.Parse(message.Meta.OperationId!);
                var isQuestion = message.Role == MessageRole.User;
                if (message.Content != (isQuestion ? Texts.Question(question) : Texts.Reply(question)))
                    return $"message {message.Id} is not what was written";
                if (!stored.Add($"{(isQuestion ? Writer.Question : Writer.Reply)} {question}"))
                    return $"message {message.Id} is there twice";
            }
        }

        foreach (var line in acknowledged)
        {
            if (!stored.Contains(line))
                return $"acknowledged and lost: {line}";
        }

        tally.Acknowledged += acknowledged.Count - tally.SeenInStore;
        tally.Unacknowledged += stored.Count - acknowledged.Count;

        // From here on it counts as acknowledged: it was read, so it must stay.
        acknowledged.UnionWith(stored);
        tally.Remember(acknowledged);
        return null;
    }

    /// <summary>What the report sums up.</summary>
    private sealed class Tally
    {
        private int _remembered;

        public long Acknowledged { get; set; }

        public long Unacknowledged { get; set; }

        public int TornTails { get; set; }

        public int SeenInStore => _remembered;

        public void Remember(HashSet<string> acknowledged) => _remembered = acknowledged.Count;
    }
}
