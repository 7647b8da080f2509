using ConversationHub.Contracts;
using ConversationHub.Store.Search;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Full-text search: the database finds messages that share words with the query, and BM25 over what it found ranks them.
/// How rare a word is comes from the candidates, since counting it over everything would cost more than the search. Thread-safe.
/// </summary>
internal sealed class PostgresSearcher(Database database)
{
    private const int MaxCandidates = 400;

    private const string Sql = """
        WITH kept AS (SELECT user_id, conversation_id FROM (
            SELECT DISTINCT ON (user_id, conversation_id) user_id, conversation_id, body -> 'value' AS value FROM maestra.operations
            WHERE kind = 'field' AND body ->> 'name' = 'tag:local_only' AND ($2::text IS NULL OR user_id = $2)
            ORDER BY user_id, conversation_id, hlc DESC, origin COLLATE "C" DESC) AS marks WHERE value = 'true'::jsonb)
        SELECT id, user_id, conversation_id, body::text FROM maestra.operations
        WHERE terms @@ $1::tsquery AND ($2::text IS NULL OR user_id = $2) AND ($3::text IS NULL OR body ->> 'surface' = $3)
            AND ($4::timestamptz IS NULL OR (body ->> 'timestamp')::timestamptz >= $4)
            AND ($5::timestamptz IS NULL OR (body ->> 'timestamp')::timestamptz < $5)
            AND ($6::uuid IS NULL OR (id <> $6 AND question IS DISTINCT FROM $6))
            AND ($7::text IS NULL OR conversation_id = $7 OR (user_id, conversation_id) NOT IN (SELECT user_id, conversation_id FROM kept))
        ORDER BY ts_rank(terms, $1::tsquery) DESC, hlc DESC LIMIT $8
        """;

    public async Task<SearchOutcome> SearchAsync(SearchQuery query, CancellationToken cancellationToken)
    {
        var terms = SearchPolicy.QueryTerms(query.Text);
        if (terms.Count == 0)
            return new SearchOutcome.Ranked([]);
        var (candidates, failure) = await database.QueryAsync(
            Sql,
            parameters =>
            {
                // Terms hold letters, digits and marks only; quoted they are no operators either.
                parameters.Text(string.Join(" | ", terms.Select(static term => $"'{term}'")));
                parameters.Text(query.Owner?.ToString());
                parameters.Text(query.Surface?.ToString());
                parameters.Time(query.From);
                parameters.Time(query.To);
                parameters.IdOrNull(query.Excluding?.Value);
                parameters.Text(query.QuotedIn?.ToString());
                parameters.Number(MaxCandidates);
            },
            static reader => reader.All(ReadPassage),
            cancellationToken).ConfigureAwait(false);
        return failure is not null
            ? new SearchOutcome.Unavailable(failure)
            : new SearchOutcome.Ranked(CandidateRanking.Rank(candidates!, terms, query.Limit));
    }

    private static Passage ReadPassage(NpgsqlDataReader row)
    {
        var body = PostgresRows.Body(row, 3);
        return new Passage(
            ConversationId.Parse(row.GetString(2)),
            UserId.Parse(row.GetString(1)),
            new OperationId(row.GetGuid(0)),
            body.Role,
            body.Surface,
            body.Timestamp,
            body.Content,
            Score: 0);
    }
}
