using ConversationHub.Contracts;
using Maestra.Backend.Advisors;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Asks;

/// <summary>Puts a stored reply into the response of an endpoint (wire.md §2, §3). Pure.</summary>
internal static class Envelopes
{
    public static HttpReply.Json Core(AskOutcome.Answered answered, RequestId request, OperationId operation) => HttpReply.Ok(
        new AskResponse
        {
            Reply = answered.Reply.Content,
            Mode = answered.Reply.Mode,
            ConversationId = answered.ConversationId.ToString(),
            Source = Source(answered.Reply.Meta),
            Meta = Meta(answered, request, operation),
        },
        MaestraJson.Compact.AskResponse);

    public static HttpReply.Json Legacy(AskOutcome.Answered answered, RequestId request, OperationId operation)
    {
        var session = answered.ConversationId.ToString();
        var isOffline = answered.Reply.Meta.Provider == RecallAdvisor.ProviderName;
        return HttpReply.Ok(
            new LegacyAskResponse
            {
                Answer = answered.Reply.Content,
                SessionId = session,
                Sources = answered.Reply.Meta.Sources ?? [],
                TraceId = session,
                Mode = answered.Reply.Mode,
                ProcessingTimeMs = answered.Reply.Meta.LatencyMs ?? 0,
                ConversationId = session,
                SystemMode = isOffline ? "minimal" : "full",
                Authority = isOffline ? "none" : "system",
                Meta = Meta(answered, request, operation),
            },
            MaestraJson.Compact.LegacyAskResponse);
    }

    private static ReplyMeta Meta(AskOutcome.Answered answered, RequestId request, OperationId operation)
    {
        var meta = answered.Reply.Meta;
        return new ReplyMeta
        {
            LatencyMs = meta.LatencyMs ?? 0,
            Model = meta.Model ?? "",
            Tokens = meta.Tokens ?? 0,
            CostUsd = meta.CostUsd ?? 0,
            CostKnown = meta.CostKnown,
            RequestId = request.ToString(),
            OperationId = operation.ToString(),
            Provider = meta.Provider ?? "",
            Replayed = answered.Replayed,
            Resumed = answered.Resumed,
            Stale = answered.IsStale,
            LocalOnly = answered.IsLocalOnly,
        };
    }

    /// <summary>The kind of backend that made the reply, which after a sync may be another than this one.</summary>
    private static string Source(MessageMeta meta) =>
        meta.BackendId is { } backend && backend.StartsWith(BackendIdentity.LocalPrefix, StringComparison.Ordinal)
            ? WireFormat.SourceLocal
            : WireFormat.SourceCloud;
}
