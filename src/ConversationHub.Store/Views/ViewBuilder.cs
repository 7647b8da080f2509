using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConversationHub.Contracts;
using ConversationHub.Store.Conversations;
using ConversationHub.Store.Reading;

namespace ConversationHub.Store.Views;

/// <summary>
/// What the files beside the log must say: a function of the log alone, so that they can be checked and made anew. Thread-safe.
/// </summary>
internal sealed class ViewBuilder(LogState state, ConversationReader reader, MessageReader messages)
{
    /// <summary>The file of one conversation.</summary>
    public ViewContent Conversation(int number)
    {
        string name;
        lock (state.Gate)
        {
            var entry = state.Index.Conversations[number];
            name = ViewName.Of(entry.Id, entry.Owner, state.Index.IsFirstOfName(number));
        }

        return reader.ReadWhole(number) switch
        {
            ReadOutcome.Found found => new ViewContent.Bytes(name, Serialize(found.Conversation, MaestraJson.Readable.ConversationDocument)),
            ReadOutcome.Erased => new ViewContent.None(name),
            _ => new ViewContent.Unreadable(name),
        };
    }

    /// <summary>The file <c>index.json</c>.</summary>
    public byte[] Index()
    {
        List<ConversationHead> heads;
        lock (state.Gate)
            heads = [.. state.Index.Recency.NewestFirst(null).Select(number => ConversationReader.Head_NeedsLock(state.Index, number))];
        return Serialize(
            new ConversationIndex
            {
                Conversations = [.. heads.Select(head => head.ToSummary(messages.TryRead(head.First)?.Body))],
                LastUpdated = heads.Count > 0 ? heads[0].UpdatedAt : DateTimeOffset.UnixEpoch,
            },
            MaestraJson.Readable.ConversationIndex);
    }

    private static byte[] Serialize<T>(T view, JsonTypeInfo<T> type) => [.. JsonSerializer.SerializeToUtf8Bytes(view, type), (byte)'\n'];
}

/// <summary>What a file must hold.</summary>
internal abstract record ViewContent(string Name)
{
    public sealed record Bytes(string Name, byte[] Content) : ViewContent(Name);

    /// <summary>There must be no such file.</summary>
    public sealed record None(string Name) : ViewContent(Name);

    /// <summary>The log cannot say.</summary>
    public sealed record Unreadable(string Name) : ViewContent(Name);
}
