namespace Maestra.Backend.Metrics;

/// <summary>How long ago a peer and this backend last agreed on everything.</summary>
/// <param name="Peer">Backend id.</param>
internal readonly record struct PeerLag(string Peer, double Seconds);
