namespace Maestra.Backend.Peers;

/// <summary>The live nonces of each peer. Nothing live is ever pushed out (wire.md §9.3). Used by one thread at a time.</summary>
internal sealed class NonceTable
{
    private readonly Dictionary<string, Room> _rooms = new(StringComparer.Ordinal);

    public int Count => _rooms.Values.Sum(static room => room.Order.Count);

    public IEnumerable<(string Peer, string Nonce, DateTimeOffset Until)> All =>
        _rooms.SelectMany(static room => room.Value.Order.Select(entry => (room.Key, entry.Nonce, entry.Until)));

    /// <summary>What taking the nonce now would give; changes nothing but forgetting what its time has passed.</summary>
    public NonceVerdict Look(string peer, string nonce, DateTimeOffset now)
    {
        if (!_rooms.TryGetValue(peer, out var room))
            return new NonceVerdict.Fresh();
        Forget(room, now);
        if (room.Live.Contains(nonce))
            return new NonceVerdict.Replayed();
        return room.Order.Count < NonceLimits.PerPeer
            ? new NonceVerdict.Fresh()
            : new NonceVerdict.Full(Math.Max(1, (int)Math.Ceiling((room.Order.Peek().Until - now).TotalSeconds)));
    }

    public void Add(string peer, string nonce, DateTimeOffset until)
    {
        if (!_rooms.TryGetValue(peer, out var room))
            _rooms[peer] = room = new Room();
        if (room.Live.Add(nonce))
            room.Order.Enqueue((nonce, until));
    }

    public void Forget(DateTimeOffset now)
    {
        foreach (var (peer, room) in _rooms.ToList())
        {
            Forget(room, now);
            if (room.Order.Count == 0)
                _rooms.Remove(peer);
        }
    }

    private static void Forget(Room room, DateTimeOffset now)
    {
        while (room.Order.TryPeek(out var oldest) && oldest.Until <= now)
        {
            room.Order.Dequeue();
            room.Live.Remove(oldest.Nonce);
        }
    }

    private sealed class Room
    {
        public HashSet<string> Live { get; } = new(StringComparer.Ordinal);

        public Queue<(string Nonce, DateTimeOffset Until)> Order { get; } = new();
    }
}
