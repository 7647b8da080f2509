namespace ConversationHub.Store.Maintenance;

/// <summary>What a store holds.</summary>
/// <param name="LogBytes">Of all segments.</param>
/// <param name="ErasedWithText">Operations that were erased and whose text still stands in the log.</param>
public sealed record StoreStats(
    int Conversations, int Messages, int Operations, int Origins, int Owners, int Segments, long LogBytes, int DamagedRegions, int ErasedWithText);
