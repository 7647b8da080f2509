namespace ConversationHub.Contracts;

/// <summary>Finds what somebody may have meant to write.</summary>
public static class Spelling
{
    /// <summary>
    /// Letters to put in, take out or change to make one text the other, and neighbours to put the other way round: the distance of Damerau and
    /// Levenshtein, no letter moved twice (optimal string alignment).
    /// </summary>
    public static int Slips(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var (before, last, row) = (new int[right.Length + 1], new int[right.Length + 1], new int[right.Length + 1]);
        for (var j = 0; j <= right.Length; j++)
            row[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            (before, last, row) = (last, row, before);
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var change = last[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
                row[j] = Math.Min(change, Math.Min(last[j], row[j - 1]) + 1);
                if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }
        }

        return row[right.Length];
    }
}
