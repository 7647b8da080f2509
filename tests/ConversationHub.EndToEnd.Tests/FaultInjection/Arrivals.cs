using System.Collections.Concurrent;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>Tells when a question has arrived at the wire of a backend, whichever. Thread-safe.</summary>
internal sealed class Arrivals
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _arrived = new();

    /// <summary>Completes with the first arrival of the question with this text.</summary>
    public Task Of(string message) => Signal(message).Task;

    public void Note(RecordedRequest request)
    {
        if (request.Method == "POST" && Text(request) is { } message)
            Signal(message).TrySetResult();
    }

    private static string? Text(RecordedRequest request)
    {
        var body = request.Json;
        return body.String("message") ?? body.String("question");
    }

    private TaskCompletionSource Signal(string message) =>
        _arrived.GetOrAdd(message, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
