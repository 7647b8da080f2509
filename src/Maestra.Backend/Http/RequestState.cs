using ConversationHub.Contracts;
using Maestra.Backend.Keys;

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

    public static RequestState Of(HttpContext context) =>
        context.Features.Get<RequestState>() ?? throw new InvalidOperationException("The request has not passed the entry.");
}
