namespace Maestra.Backend.Listening;

/// <summary>Where the backend really listens.</summary>
internal sealed record BoundAddress(string Host, int Port);
