namespace ConversationHub.Store;

/// <summary>Bounds of one round (wire.md §1.2, §9.4).</summary>
public static class SyncLimits
{
    public const int BatchOperations = 500;

    /// <summary>A sender stops here, but sends at least one operation.</summary>
    public const int BatchBytes = 4 << 20;

    /// <summary>A body of <c>/sync</c>, as sent and decoded.</summary>
    public const int BodyBytes = 8 << 20;

    /// <summary>An operation beyond does not fit into a body: its place is sent, its text stays here (decision 46).</summary>
    public const int OperationBytes = 7 << 20;

    /// <summary>How many bytes a text of JSON takes in a body, where what lies outside the basic plane is escaped: 12 for 4.</summary>
    public static int WireBytes(string json)
    {
        const int EscapedPairBytes = 12;
        const int PairBytes = 4;
        var bytes = System.Text.Encoding.UTF8.GetByteCount(json);
        foreach (var c in json)
        {
            if (char.IsHighSurrogate(c))
                bytes += EscapedPairBytes - PairBytes;
        }

        return bytes;
    }

    /// <summary>Origins in a version vector.</summary>
    public const int Origins = 1024;

    /// <summary>Erasures sent out of turn in one round, so that there is always room for what is in turn.</summary>
    public const int EarlyErasures = BatchOperations / 2;
}
