using ConversationHub.Contracts;

namespace ConversationHub.Store.Erasing;

/// <summary>The erasures of the log, by the streams they stand in. Reads memory only. Thread-safe.</summary>
internal sealed class LogErasures(LogState state)
{
    public ErasurePage Read(string? after)
    {
        var places = ErasurePlace.Parse(after);
        var found = new List<StoredErasure>();
        lock (state.Gate)
        {
            var index = state.Index;
            for (var number = 0; number < index.Streams.All.Count; number++)
            {
                var stream = index.Streams.All[number];
                if (stream.Erasures.Count == 0)
                    continue;
                var origin = index.Streams.Names[number];
                var known = places.GetValueOrDefault(origin, ErasurePlace.Beginning);
                foreach (var seq in stream.Erasures)
                {
                    if (known.Covers(seq))
                        continue;
                    ref readonly var entry = ref index.Operations[stream.NumberAt(seq)];
                    var conversation = entry.Conversation >= 0 ? ConversationId.Parse(index.Conversations[entry.Conversation].Id) : (ConversationId?)null;
                    found.Add(new StoredErasure(
                        new OperationId(entry.Id), UserId.Parse(stream.User), conversation, DateTimeOffset.FromUnixTimeMilliseconds(entry.Hlc.UnixMilliseconds)));
                }

                places[origin] = new ErasurePlace(stream.Contiguous, stream.Erasures.Where(seq => seq > stream.Contiguous).ToHashSet());
            }
        }

        return new ErasurePage(found, ErasurePlace.Format(places));
    }

    public IReadOnlyList<ConversationId> ReadClosed(UserId user)
    {
        var found = new List<ConversationId>();
        lock (state.Gate)
        {
            var conversations = state.Index.Conversations;
            for (var number = 0; number < conversations.Count; number++)
            {
                if (state.Index.IsClosedByErasure(number) && conversations[number].Owner == user.ToString())
                    found.Add(ConversationId.Parse(conversations[number].Id));
            }
        }

        return found;
    }
}
