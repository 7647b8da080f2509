namespace ConversationHub.Store.Index;

/// <summary>Numbers in as few bytes as they need: seven bits each, the lowest first, the eighth set while more follow.</summary>
internal static class VariableInteger
{
    public const int MostBytes = 5;
    private const int ContinueBit = 0x80;
    private const int BitsPerByte = 7;
    private const int MaxShift = 28;

    /// <returns>Where the next one goes.</returns>
    public static int Write(Span<byte> target, int at, uint value)
    {
        while (value >= ContinueBit)
        {
            target[at++] = (byte)(value | ContinueBit);
            value >>= BitsPerByte;
        }

        target[at++] = (byte)value;
        return at;
    }

    /// <param name="at">Where it begins; afterwards where the next one does.</param>
    public static uint Read(ReadOnlySpan<byte> source, ref int at)
    {
        uint value = 0;
        for (var shift = 0; shift <= MaxShift && at < source.Length; shift += BitsPerByte)
        {
            var part = source[at++];
            value |= (uint)(part & ~ContinueBit) << shift;
            if (part < ContinueBit)
                break;
        }

        return value;
    }
}
