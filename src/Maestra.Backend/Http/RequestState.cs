using System.Net;
using ConversationHub.Contracts;
using Maestra.Backend.Keys;
using Maestra.Backend.Metrics;

namespace Maestra.Backend.Http;

/// <summary>What is known of one request while it is served.</summary>
internal sealed class RequestState
{
    public required RequestId RequestId { get; init; }

    /// <summary><see cref="TimeProvider.GetTimestamp"/> of its arrival.</summary>
    public required long StartedAt { get; init; }

    /// <summary>Known once an ask's headers are read; told in problems.</summary>
    public OperationId? OperationId { get; set; }

    /// <summary>Whose key was sent: null in local mode, and for health without a key.</summary>
    public KeyOwner? KeyOwner { get; set; }

    /// <summary>The problem that was told, also when it ended a stream whose status had been sent; null when none was.</summary>
    public HttpReply.Refused? Problem { get; set; }

    /// <summary>What is known of an ask; null for other requests.</summary>
    public AskNotes? Ask { get; set; }

    /// <summary>Pattern of its route, where it is answered before that was looked up.</summary>
    public string? Route { get; set; }

    /// <summary>Under what the requests of that key are counted; null without one.</summary>
    public string? KeyPartition { get; set; }

    /// <summary>Where it comes from, as far as trusted proxies tell.</summary>
    public IPAddress Address { get; set; } = IPAddress.None;

    public static RequestState Of(HttpContext context) =>
        context.Features.Get<RequestState>() ?? throw new InvalidOperationException("The request has not passed the entry.");
}
