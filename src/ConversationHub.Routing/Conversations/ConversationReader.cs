using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConversationHub.Contracts;

namespace ConversationHub.Routing;

/// <inheritdoc cref="IConversationReader"/>
/// <remarks>
/// Leaves the breakers alone: they tell of questions, and an earlier backend that keeps no list of conversations is
/// no worse for a question. Those that are open are passed over, unless all are.
/// </remarks>
internal sealed class ConversationReader(
    RoutingOptions options, TargetSet targets, BackendClient client, Prober prober, TimeProvider time) : IConversationReader
{
    /// <summary>For each target, finding it included.</summary>
    public static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(4);

    /// <summary>Where so many are larger than a reply may be, this part of them is asked for.</summary>
    private const int FewerBy = 10;

    public Task<ConversationRead<ConversationPage>> ListAsync(UserId? user, int limit, CancellationToken cancellationToken) =>
        ReadFirstAsync(
            (_, most) => $"{Routes.Conversations}?status=all&limit={Invariant(most)}{Query("user_id", user?.ToString())}",
            limit,
            MaestraJson.Compact.ConversationPage,
            MissingTexts.Fill,
            cancellationToken);

    public Task<ConversationRead<ConversationDocument>> ReadAsync(
        ConversationId id, UserId? user, int limit, OperationId? before, CancellationToken cancellationToken) =>
        ReadFirstAsync(
            (target, most) => $"{Routes.Conversations}/{id}?limit={Invariant(most)}{Query("before", before?.ToString())}"

                // On this machine an id names one conversation, whoever began it.
                + (target == TargetName.Cloud ? Query("user_id", user?.ToString()) : ""),
            limit,
            MaestraJson.Compact.ConversationDocument,
            MissingTexts.Fill,
            cancellationToken);

    private async Task<ConversationRead<T>> ReadFirstAsync<T>(
        Func<TargetName, int, string> path, int limit, JsonTypeInfo<T> type, Func<T, T?> fill, CancellationToken cancellationToken)
        where T : class
    {
        if (targets.All.IsEmpty)
            return Failed<T>(RoutingErrorCode.NoTargetAllowed, RoutePlan.WhyEmpty(options, narrowed: null));

        var causes = new List<string>();
        var unknownAt = 0;
        var allAreOpen = targets.All.All(static board => board.IsOpen);
        foreach (var board in targets.All)
        {
            if (board.IsOpen)
                prober.Wake(board);
            if (board.IsOpen && !allAreOpen)
            {
                causes.Add($"{board.Name.ToWire()}: skipped, because it failed just before");
                continue;
            }

            var (value, failure) = await ReadFittingAsync(board, path, limit, type, fill, cancellationToken).ConfigureAwait(false);
            if (value is not null)
                return new(value, board.Name, null);
            if (failure is { IsProblem: true, Status: >= 400 and < 500 and not 404 })
                return Failed<T>(failure.Code ?? ProblemCode.InvalidRequest, failure.Detail!);

            // Configured wrongly, or not who it should be: as for a question, nobody else is asked in its place.
            if (failure is { Outcome: AttemptOutcome.Identity or AttemptOutcome.Tls })
                return Failed<T>(RoutingErrorCode.AllTargetsFailed, $"{board.Name.ToWire()}: {failure.Detail}");

            // Not known here: it may have been answered elsewhere while this one was down.
            unknownAt += failure is { IsProblem: true, Status: 404 } ? 1 : 0;
            causes.Add($"{board.Name.ToWire()}: {failure!.Detail ?? failure.Outcome.ToWire()}");
        }

        var isUnknown = unknownAt == targets.All.Length;
        return Failed<T>(isUnknown ? ProblemCode.ConversationNotFound : RoutingErrorCode.AllTargetsFailed, string.Join("; ", causes));
    }

    /// <summary>Asks for fewer while they do not fit into one reply. What is left out then is older, and the answer says that it is there.</summary>
    private async Task<(T? Value, AttemptResult? Failure)> ReadFittingAsync<T>(
        TargetBoard board, Func<TargetName, int, string> path, int limit, JsonTypeInfo<T> type, Func<T, T?> fill, CancellationToken cancellationToken)
        where T : class
    {
        for (var most = limit; ; most = Math.Max(1, most / FewerBy))
        {
            var read = await ReadAtAsync(board, path(board.Name, most), type, fill, cancellationToken).ConfigureAwait(false);
            if (read.Failure is not { IsTooLarge: true } || most <= 1)
                return read;
        }
    }

    private async Task<(T? Value, AttemptResult? Failure)> ReadAtAsync<T>(
        TargetBoard board, string path, JsonTypeInfo<T> type, Func<T, T?> fill, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            var located = await board.LocateAsync(either.Token).ConfigureAwait(false);
            if (located.Endpoint is not { } endpoint)
                return (null, located.Failure);
            var (root, failure) = await client.GetAsync(board.Name, endpoint.For(path), either.Token).ConfigureAwait(false);
            if (failure is not null && failure.Status is null)
                board.Locator.Forget();
            return root is { } json ? Read(json, type, fill) : (null, failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, new AttemptResult(AttemptOutcome.Deadline) { Detail = $"no answer within {AnswerLimit.TotalSeconds:0} s" });
        }
    }

    private static (T? Value, AttemptResult? Failure) Read<T>(JsonElement json, JsonTypeInfo<T> type, Func<T, T?> fill)
        where T : class
    {
        try
        {
            if (json.Deserialize(type) is { } value && fill(value) is { } filled)
                return (filled, null);
        }
        catch (JsonException)
        {
            // Told below; the exception's own text repeats what the backend sent.
        }

        return (null, new AttemptResult(AttemptOutcome.Malformed) { Detail = "the reply is not as agreed" });
    }

    private static ConversationRead<T> Failed<T>(string code, string detail)
        where T : class => new(null, null, new RoutingError(code, detail, null));

    private static string Query(string name, string? value) => value is null ? "" : $"&{name}={Uri.EscapeDataString(value)}";

    private static string Invariant(int number) => number.ToString(CultureInfo.InvariantCulture);
}
