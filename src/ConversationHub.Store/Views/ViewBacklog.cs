namespace ConversationHub.Store.Views;

/// <summary>Conversations whose files are behind the log, the one that is behind longest first. Not thread-safe: its owner holds a lock.</summary>
internal sealed class ViewBacklog
{
    private readonly Queue<int> _order = [];
    private readonly HashSet<int> _held = [];

    public int Count => _held.Count;

    /// <summary>One that is held already keeps its place.</summary>
    public void Add(int conversation)
    {
        if (_held.Add(conversation))
            _order.Enqueue(conversation);
    }

    /// <summary>Takes some out. Those that are not due go behind the others.</summary>
    /// <param name="isDue">Called once at most for each that is held.</param>
    /// <param name="isEnough">Called for each that is taken; true ends the taking. Null: never.</param>
    public List<int> Take(int most, Predicate<int> isDue, Predicate<int>? isEnough = null)
    {
        var taken = new List<int>();
        var enough = false;
        for (var left = _order.Count; left > 0 && taken.Count < most && !enough; left--)
        {
            var conversation = _order.Dequeue();
            if (isDue(conversation))
            {
                taken.Add(conversation);
                enough = isEnough?.Invoke(conversation) ?? false;
            }
            else
            {
                _order.Enqueue(conversation);
            }
        }

        _held.ExceptWith(taken);
        return taken;
    }
}
