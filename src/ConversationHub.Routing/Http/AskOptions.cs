namespace ConversationHub.Routing;

/// <summary>How a question is sent to one target.</summary>
internal readonly record struct AskOptions
{
    /// <summary>Told to the backend as <c>X-Deadline-Ms</c>.</summary>
    public required TimeSpan TimeLeft { get; init; }

    /// <summary>Whose breaker the question passes as it is sent; null: whatever the breaker's state.</summary>
    public TargetPipeline? Breaker { get; init; }

    /// <summary>Shortens the connect; null: the target's own.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>Ask for a streamed reply; the backend has said that it can.</summary>
    public bool Stream { get; init; }

    /// <summary>Told how it fares.</summary>
    public required IReplySigns Signs { get; init; }

    /// <summary>Called with each piece of text of a streamed reply; null: nobody wants it.</summary>
    public Action<string>? OnText { get; init; }
}
