using System.Collections.Immutable;
using ConversationHub.Contracts;
using ConversationHub.Routing;

namespace ConversationHub.Mcp.Results;

/// <summary>One asked question with everything the result tells about it.</summary>
/// <param name="ConversationId">As sent; empty when the arguments did not fit and no conversation is meant.</param>
/// <param name="Legacy">Whether it was asked through <c>maestra_legacy_ask</c>.</param>
internal sealed record AskReport(
    OperationId OperationId,
    RequestId RequestId,
    string ConversationId,
    RoutingResult Result,
    bool Legacy)
{
    internal const string InvalidArguments = "invalid_arguments";

    /// <summary>The conversation the answer stands in: an earlier backend may have replaced the id.</summary>
    internal string EffectiveConversationId =>
        Contracts.ConversationId.TryParse(Result.Reply?.ConversationId, out var replaced) ? replaced.ToString() : ConversationId;

    /// <summary>A call that was never asked.</summary>
    internal static AskReport NotAsked(OperationId operation, RequestId request, string text, bool legacy) => new(
        operation,
        request,
        "",
        new RoutingResult
        {
            Error = new RoutingError(InvalidArguments, text, null),
            Attempts = ImmutableArray<Attempt>.Empty,
            Elapsed = TimeSpan.Zero,
        },
        legacy);
}
