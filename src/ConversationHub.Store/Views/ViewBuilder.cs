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
        using var bytes = new MemoryStream();
        WriteIndex(bytes);
        return bytes.ToArray();
    }

    /// <summary>The same, piece by piece.</summary>
    public void WriteIndex(Stream target)
    {
        int[] newestFirst;
        var updated = DateTimeOffset.UnixEpoch;
        lock (state.Gate)
        {
            newestFirst = [.. state.Index.Recency.NewestFirst(null)];
            if (newestFirst.Length > 0)
                updated = new DateTimeOffset(state.Index.Conversations[newestFirst[0]].UpdatedTicks, TimeSpan.Zero);
        }

        var index = new ConversationIndex { Conversations = new SummaryList(newestFirst, Summary), LastUpdated = updated };
        JsonSerializer.Serialize(target, index, MaestraJson.Readable.ConversationIndex);
        target.WriteByte((byte)'\n');
    }

    private ConversationSummary? Summary(int number)
    {
        ConversationHead head;
        lock (state.Gate)
        {
            if (!state.Index.Conversations[number].IsShown)
                return null;
            head = ConversationReader.Head_NeedsLock(state.Index, number);
        }

        return head.ToSummary(messages.TryRead(head.First)?.Body);
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
