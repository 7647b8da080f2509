namespace ConversationHub.Routing;

/// <summary>Asks the targets of a route in order until one answers. Thread-safe.</summary>
public interface IQuestionRouter
{
    /// <summary>
    /// Returns an answer or an error at the latest 50 ms after the question's budget is spent.
    /// Asking twice asks twice: only the operation id tells a backend that it is the same question.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller cancelled; the request at the backend is aborted within 100 ms.</exception>
    Task<RoutingResult> AskAsync(Question question, CancellationToken cancellationToken);
}
