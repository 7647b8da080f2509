namespace ConversationHub.Routing;

/// <summary>Carries the cause of a failed connect through <see cref="HttpClient"/>, which only passes exceptions on.</summary>
internal sealed class ConnectFailedException(AttemptOutcome outcome, string detail, Exception? inner)
    : IOException(detail, inner)
{
    public AttemptOutcome Outcome { get; } = outcome;
}
