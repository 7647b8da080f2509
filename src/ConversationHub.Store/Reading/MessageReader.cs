using ConversationHub.Contracts;
using ConversationHub.Store.Index;
using ConversationHub.Store.Log;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Reading;

/// <summary>Reads messages back from the log. Thread-safe.</summary>
internal sealed class MessageReader(SegmentFiles files, StatusBoard board, ILogger logger)
{
    /// <returns>Null when the line is not what was written: that is reported, and the store counts as degraded from then on.</returns>
    public StoredMessage? TryRead(LineLocation location)
    {
        if (TryRead(location, out var stored) && stored is not null)
            return stored;
        Report(location);
        return null;
    }

    /// <summary>Reads several, those that stand close together at once.</summary>
    /// <returns>Null when one of them is not what was written: that is reported.</returns>
    public List<StoredMessage>? TryReadAll(ReadOnlySpan<LineLocation> places)
    {
        var read = new List<StoredMessage>(places.Length);
        var names = new NamePool();
        while (read.Count < places.Length)
        {
            var group = places.Slice(read.Count, LineGroup.CountOfFirst(places[read.Count..]));
            var before = read.Count;
            var isWhole = files.TryReadGroup(group, names, (operation, content) =>
            {
                // One that is no message is missing then, and found below.
                if (content is OperationContent.Message { Body: var body })
                    read.Add(new StoredMessage(operation, body));
            });
            if (isWhole && read.Count == before + group.Length)
                continue;

            // Read alone, it is found which one it was.
            read.RemoveRange(before, read.Count - before);
            foreach (var place in group)
            {
                if (TryRead(place) is not { } message)
                    return null;
                read.Add(message);
            }
        }

        return read;
    }

    /// <summary>The same of an operation that need not be a message.</summary>
    /// <param name="message">Null when it is none.</param>
    /// <returns>False when the line is not what was written; nothing is reported.</returns>
    public bool TryRead(LineLocation location, out StoredMessage? message)
    {
        message = null;
        if (!files.TryRead(location, out var operation, out var content))
            return false;
        if (content is OperationContent.Message { Body: var body })
            message = new StoredMessage(operation!, body);
        return true;
    }

    /// <summary>Whether the line is as it was written, without making anything of it. What is not is reported.</summary>
    public bool IsSound(LineLocation location)
    {
        if (files.IsIntact(location))
            return true;
        Report(location);
        return false;
    }

    private void Report(LineLocation location)
    {
        var segment = SegmentName.Of(files.NumberOf(location.Segment));
        StoreTelemetry.LineUnreadable(logger, segment, location.Offset);
        board.FoundDamage($"{segment} offset {location.Offset} cannot be read back");
    }
}

/// <summary>A message as it stands in the log.</summary>
internal sealed record StoredMessage(StoredOperation Operation, MessageBody Body)
{
    public OperationId Id => new(Operation.Id);

    public ConversationMessage ToMessage() => new()
    {
        Id = Id.ToString(),
        Role = Body.Role,
        Content = Body.Content,
        Surface = Body.Surface,
        Mode = Body.Mode,
        Timestamp = Body.Timestamp,
        Meta = Body.Meta,
    };

    public StoredReply ToReply() => new(Id, Body.Content, Body.Mode ?? WireFormat.DefaultMode, Body.Timestamp, Body.Meta);
}
