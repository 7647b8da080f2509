namespace ConversationHub.Store.Tests.Sync.Simulation;

/// <summary>What the earlier system did: each side keeps the whole conversation of the later change.</summary>
internal sealed class LastWriteWins(int backends)
{
    private readonly Dictionary<string, (DateTimeOffset At, HashSet<string> Contents)>[] _sides =
        [.. Enumerable.Range(0, backends).Select(_ => new Dictionary<string, (DateTimeOffset, HashSet<string>)>())];

    public void Write(int at, string conversation, string content, DateTimeOffset time)
    {
        var contents = _sides[at].TryGetValue(conversation, out var held) ? [.. held.Contents] : new HashSet<string>();
        contents.Add(content);
        _sides[at][conversation] = (time, contents);
    }

    public void Exchange(int left, int right)
    {
        foreach (var conversation in _sides[left].Keys.Union(_sides[right].Keys).ToList())
        {
            var winner = !_sides[left].TryGetValue(conversation, out var a) ? _sides[right][conversation]
                : !_sides[right].TryGetValue(conversation, out var b) || a.At >= b.At ? a : b;
            _sides[left][conversation] = _sides[right][conversation] = winner;
        }
    }

    public int CountLost(IEnumerable<string> mustBeThere)
    {
        var all = _sides.SelectMany(side => side.Values).SelectMany(one => one.Contents).ToHashSet();
        var everywhere = all.Where(content => _sides.All(side => side.Values.Any(one => one.Contents.Contains(content)))).ToHashSet();
        return mustBeThere.Count(content => !everywhere.Contains(content));
    }
}
