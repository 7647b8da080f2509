using System.Collections;
using ConversationHub.Contracts;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Messages that are read from the database some at a time while they are walked: those of a long conversation together would fill the memory.
/// Which ones there are was read before. One that has gone meanwhile, or a database that cannot be reached any more, is an <see cref="IOException"/>.
/// </summary>
internal sealed class PostgresMessages(Database database, ConversationSummary summary, IReadOnlyList<MessagePlace> places)
    : IReadOnlyList<ConversationMessage>, IAsyncEnumerable<ConversationMessage>
{
    private const int MostAtOnce = 200;

    /// <summary>As the database stores them, where long ones are a third of their size.</summary>
    private const long MostBytesAtOnce = 1 << 20;

    private const string Sql = """
        SELECT id, body::text FROM maestra.operations
        WHERE user_id = $1 AND conversation_id = $2 AND kind = 'message' AND NOT body ? 'erased' AND (hlc, id) >= ($3, $4) AND (hlc, id) <= ($5, $6)
        ORDER BY hlc, id
        """;

    public int Count => places.Count;

    public ConversationMessage this[int index] => Read(index, index + 1)[0];

    public IEnumerator<ConversationMessage> GetEnumerator()
    {
        for (var from = 0; from < places.Count;)
        {
            var to = EndOfPart(from);
            foreach (var message in Read(from, to))
                yield return message;
            from = to;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public async IAsyncEnumerator<ConversationMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        for (var from = 0; from < places.Count;)
        {
            var to = EndOfPart(from);
            foreach (var message in await ReadAsync(from, to, cancellationToken).ConfigureAwait(false))
                yield return message;
            from = to;
        }
    }

    private int EndOfPart(int from)
    {
        var to = from;
        var bytes = 0L;
        while (to < places.Count && to - from < MostAtOnce && (to == from || bytes + places[to].Bytes <= MostBytesAtOnce))
            bytes += places[to++].Bytes;
        return to;
    }

    // Whoever walks a list does not await: a command that has nothing else to do. What serves requests awaits the messages.
    private List<ConversationMessage> Read(int from, int to) => ReadAsync(from, to, CancellationToken.None).GetAwaiter().GetResult();

    private async Task<List<ConversationMessage>> ReadAsync(int from, int to, CancellationToken cancellationToken)
    {
        var (read, failure) = await database.QueryAsync(
            Sql,
            parameters =>
            {
                parameters.Text(summary.Owner);
                parameters.Text(summary.Id);
                Bind(parameters, places[from]);
                Bind(parameters, places[to - 1]);
            },
            static reader => reader.All(PostgresRows.Message),
            cancellationToken).ConfigureAwait(false);
        if (read is null)
            throw new IOException(failure!.Reason);

        // What came in between meanwhile, from another backend, is left out; what has gone cannot be.
        var byId = read.ToDictionary(static message => message.Id, StringComparer.Ordinal);
        var messages = new List<ConversationMessage>(to - from);
        for (var at = from; at < to; at++)
        {
            messages.Add(byId.GetValueOrDefault(new OperationId(places[at].Id).ToString())
                ?? throw new IOException("A message was erased while the conversation was being read."));
        }

        return messages;
    }

    private static void Bind(NpgsqlParameterCollection parameters, MessagePlace place)
    {
        parameters.Number(place.Hlc);
        parameters.Id(place.Id);
    }
}

/// <summary>Where a message stands in its conversation.</summary>
/// <param name="Bytes">As the database stores it.</param>
internal readonly record struct MessagePlace(long Hlc, Guid Id, int Bytes)
{
    /// <summary>Columns: hlc, id, bytes.</summary>
    public static MessagePlace Of(NpgsqlDataReader reader) => new(reader.GetInt64(0), reader.GetGuid(1), reader.GetInt32(2));
}
