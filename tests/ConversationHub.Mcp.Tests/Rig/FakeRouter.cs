using System.Collections.Immutable;
using System.Text.Json;
using ConversationHub.Routing;
using ConversationHub.Testing;

namespace ConversationHub.Mcp.Tests.Rig;

/// <summary>A router that does as the test says and keeps what it was asked.</summary>
internal sealed class FakeRouter : IQuestionRouter
{
    public Journal<Question> Asked { get; } = new();

    public Func<Question, CancellationToken, Task<RoutingResult>> OnAsk { get; set; } = (_, _) => Task.FromResult(Answered("Two rules were merged."));

    public Task<RoutingResult> AskAsync(Question question, CancellationToken cancellationToken)
    {
        Asked.Add(question);
        return OnAsk(question, cancellationToken);
    }

    /// <summary>An answer of the local backend, at the first attempt.</summary>
    public static RoutingResult Answered(string answer, string conversationId = "c1", string body = "{}") => new()
    {
        Reply = new Reply(answer, conversationId, "advisor", "local", JsonElement.Parse(body)),
        ServedBy = TargetName.Local,
        Attempts = [new Attempt(TargetName.Local, AttemptOutcome.Answered, 200, TimeSpan.FromMilliseconds(812), null, false, null)],
        Elapsed = TimeSpan.FromMilliseconds(813),
    };

    public static RoutingResult Failed(RoutingError error, params ImmutableArray<Attempt> attempts) => new()
    {
        Error = error,
        MayHaveRun = attempts.Any(attempt => attempt.MayHaveRun),
        Attempts = attempts,
        Elapsed = TimeSpan.FromMilliseconds(attempts.Sum(attempt => attempt.Elapsed.TotalMilliseconds)),
    };
}
