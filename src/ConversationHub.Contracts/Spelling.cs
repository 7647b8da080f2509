namespace ConversationHub.Contracts;

/// <summary>Finds what somebody may have meant to write.</summary>
public static class Spelling
{
    /// <summary>Letters to put in, take out or change to make one text the other (Levenshtein).</summary>
    public static int Slips(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        var row = new int[right.Length + 1];
        for (var j = 0; j <= right.Length; j++)
            row[j] = j;
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var change = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
