namespace ConversationHub.Routing;

/// <summary>How a question is sent to one target.</summary>
internal readonly record struct AskOptions
{
    /// <summary>Told to the backend as <c>X-Deadline-Ms</c>.</summary>
    public required TimeSpan TimeLeft { get; init; }

    /// <summary>Shortens the connect; null: the target's own.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>Ask for a streamed reply; the backend has said that it can.</summary>
    public bool Stream { get; init; }

    /// <summary>Called when the connection stands and the question is about to be written.</summary>
    public Action? OnSending { get; init; }

    /// <summary>Called for each event of a streamed reply.</summary>
    public required Action OnSign { get; init; }

    /// <summary>Called with each piece of text of a streamed reply; null: nobody wants it.</summary>
    public Action<string>? OnText { get; init; }
}
