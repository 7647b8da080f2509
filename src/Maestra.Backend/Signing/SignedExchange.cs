using Maestra.Backend.Identity;

namespace Maestra.Backend.Signing;

/// <summary>What ties a response to its request.</summary>
/// <param name="OwnKey">The key under whose id this backend takes part.</param>
/// <param name="PeerId">The other side's id, to which a response is addressed, or from which it is expected.</param>
/// <param name="Nonce">The request's; its response repeats it.</param>
/// <param name="IsFramed">The request came in a <see cref="SignedFrame"/>, and so goes its response.</param>
internal sealed record SignedExchange(BackendKey OwnKey, string PeerId, string Nonce, bool IsFramed = false);
