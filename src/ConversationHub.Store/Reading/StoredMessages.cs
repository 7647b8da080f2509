using System.Collections;
using ConversationHub.Contracts;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Reading;

/// <summary>
/// Messages that are read from the log one by one while they are walked: those of a long conversation together would fill the memory.
/// The places were found to be sound before; a file that is compacted and closed, or a disk that fails, meanwhile is an <see cref="IOException"/>.
/// </summary>
internal sealed class StoredMessages(LineLocation[] places, MessageReader messages) : IReadOnlyList<ConversationMessage>
{
    public int Count => places.Length;

    public ConversationMessage this[int index] => messages.TryRead(places[index])?.ToMessage() ?? throw new IOException("A message cannot be read back.");

    public IEnumerator<ConversationMessage> GetEnumerator()
    {
        for (var at = 0; at < places.Length; at++)
            yield return this[at];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
