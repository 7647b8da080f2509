namespace Maestra.Backend.Advisors;

/// <summary>Makes a reply to a question. Thread-safe; keeps nothing between calls.</summary>
internal interface IAdvisor
{
    /// <summary>Value of <c>meta.provider</c> (wire.md §2); of several that follow each other, the first.</summary>
    string Provider { get; }

    /// <summary>
    /// True when it calls <see cref="AdvisorPrompt.OnWork"/> itself, so that what it refuses before is an ordinary status code also
    /// for a caller who streams (wire.md §2.1). Otherwise work begins with the call.
    /// </summary>
    bool TellsWhenWorkBegins => false;

    /// <summary>
    /// True when an answer costs nothing, asks nobody outside and is made at once: it may then be made before its question is durable,
    /// and question and reply become durable together where the store can do that (<see cref="ConversationHub.Store.IExchangeStore"/>).
    /// </summary>
    bool AnswersAtOnce => false;

    /// <summary>How many of the conversation's last messages it looks at; 0: none, and none are read for it.</summary>
    int HistoryMessages { get; }

    /// <summary>Answers, or says that it cannot. Has no effect of its own, so it may be asked again.</summary>
    /// <param name="onText">Where somebody watches: takes the text piece by piece as it comes, if it does. Never blocks.</param>
    /// <param name="cancellationToken">Cancelled when nobody waits any more; work stops within 100 ms of it.</param>
    /// <returns><see cref="AdvisorOutcome.Answered"/>, <see cref="AdvisorOutcome.Failed"/> or <see cref="AdvisorOutcome.OverLimit"/>.</returns>
    Task<AdvisorOutcome> AskAsync(AdvisorPrompt prompt, Action<string>? onText, CancellationToken cancellationToken);
}
