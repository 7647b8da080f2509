using System.Text;

namespace ConversationHub.Benchmarks.Large;

/// <summary>Words as people use them: few very often, most seldom (Zipf). The same for the same seed.</summary>
internal sealed class Vocabulary
{
    private const int Words = 50_000;
    private static readonly string[] Syllables =
        ["ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve", "wi", "xo", "zu", "bran", "clo", "dre", "flin", "gast"];

    private readonly string[] _words = new string[Words];
    private readonly double[] _upTo = new double[Words];

    public Vocabulary()
    {
        var sum = 0.0;
        for (var rank = 0; rank < Words; rank++)
        {
            var word = new StringBuilder();
            for (var rest = rank + Syllables.Length; rest > 0; rest /= Syllables.Length)
                word.Append(Syllables[rest % Syllables.Length]);
            _words[rank] = word.ToString();
            sum += 1.0 / (rank + 1);
            _upTo[rank] = sum;
        }
    }

    /// <summary>So many words, drawn as they are used.</summary>
    public string Text(Random random, int words)
    {
        var text = new StringBuilder(words * 8);
        for (var left = words; left > 0; left--)
            text.Append(Word(random)).Append(left > 1 ? ' ' : '.');
        return text.ToString();
    }

    public string Word(Random random)
    {
        var at = Array.BinarySearch(_upTo, random.NextDouble() * _upTo[^1]);
        return _words[Math.Min(Words - 1, at < 0 ? ~at : at)];
    }

    /// <param name="rank">From 0, the commonest.</param>
    public string this[int rank] => _words[rank];
}
