namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>Puts what callers were told beside what one backend stored, and names every difference. Pure.</summary>
internal static class EffectAudit
{
    /// <param name="cancelled">The text of each question whose caller went away: it was told nothing, so it may have run or not, but once.</param>
    /// <returns>One sentence for each effect that was lost, doubled, not told of, or that nobody asked for.</returns>
    public static IReadOnlyList<string> Compare(
        string backend, IReadOnlyList<StoredMessage> stored, IReadOnlyList<CallRecord> calls, IReadOnlySet<string> cancelled)
    {
        var asked = calls.ToDictionary(call => call.OperationId);
        var byOperation = stored.ToLookup(message => message.OperationId);
        var findings = new List<string>();
        foreach (var messages in byOperation)
        {
            if (asked.TryGetValue(messages.Key, out var call))
                findings.AddRange(Judge(backend, call, [.. messages]));
            else if (!messages.Any(message => message.IsQuestion && cancelled.Contains(message.Content)))
                findings.Add($"{backend} stores {messages.Key}, which nobody asked");
        }

        findings.AddRange(calls.Where(call => call.ServedBy == backend && !byOperation.Contains(call.OperationId))
            .Select(call => $"lost: {backend} answered {call.OperationId} ({call.Message}) and stores nothing of it"));
        return findings;
    }

    /// <returns>One sentence for each operation that has more than one question or reply.</returns>
    public static IReadOnlyList<string> Doubled(string backend, IReadOnlyList<StoredMessage> stored) =>
    [
        .. stored.GroupBy(message => (message.OperationId, message.IsQuestion)).Where(messages => messages.Count() > 1)
            .Select(messages => $"doubled: {backend} stores {messages.Count()} {(messages.Key.IsQuestion ? "questions" : "replies")} for {messages.Key.OperationId}"),
    ];

    /// <returns>One sentence for each question that stands under several operations, on one backend or on both.</returns>
    public static IReadOnlyList<string> RunAsSeveral(IEnumerable<StoredMessage> storedAnywhere) =>
    [
        .. storedAnywhere.Where(message => message.IsQuestion).GroupBy(message => message.Content)
            .Where(questions => questions.DistinctBy(question => question.OperationId).Count() > 1)
            .Select(questions => $"doubled: \"{questions.Key}\" is {string.Join(" and ", questions.Select(question => question.OperationId).Distinct())}"),
    ];

    private static IEnumerable<string> Judge(string backend, CallRecord call, IReadOnlyList<StoredMessage> messages)
    {
        var questions = messages.Where(message => message.IsQuestion).ToList();
        var replies = messages.Where(message => !message.IsQuestion).ToList();
        if (questions.Count != 1 || questions[0].Content != call.Message)
            yield return $"{backend} stores {questions.Count} questions for {call.OperationId} ({call.Message})";
        if (replies.Count > 1)
            yield return $"doubled: {backend} stores {replies.Count} replies to {call.OperationId} ({call.Message})";
        if (call.ServedBy == backend)
        {
            if (replies.Count == 0)
                yield return $"lost: {backend} answered {call.OperationId} ({call.Message}) and stores no reply";
            else if (replies[0].Content != call.Answer)
                yield return $"{backend} stores another reply to {call.OperationId} ({call.Message}) than it gave";
            yield break;
        }

        // It ran here, and the answer came from elsewhere or not at all. A question that a backend refused plainly may be stored without a reply.
        var told = call.MayHaveRun && call.ToldOf.Contains(backend);
        if (!told && (replies.Count > 0 || !call.Refusals.Contains(backend)))
            yield return $"not told: {backend} ran {call.OperationId} ({call.Message}), reply stored: {replies.Count > 0}";
    }
}
