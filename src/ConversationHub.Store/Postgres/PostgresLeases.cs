using ConversationHub.Contracts;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Leases in the table <c>running</c>, by the clock of the database, so that replicas need not agree on the time. Thread-safe.</summary>
/// <param name="holder">Names this process among all that share the database.</param>
internal sealed class PostgresLeases(Database database, string holder) : IQuestionLeases
{
    private const int DurationSeconds = 15;
    private const string TakeSql = "SELECT maestra.take_lease($1, $2, $3, $4)";
    private const string ReleaseSql = "DELETE FROM maestra.running WHERE user_id = $1 AND question = $2 AND holder = $3";

    public TimeSpan Duration => TimeSpan.FromSeconds(DurationSeconds);

    public async Task<LeaseOutcome> TryTakeAsync(UserId user, OperationId question, CancellationToken cancellationToken)
    {
        var (taken, failure) = await database.QueryAsync(
            TakeSql,
            parameters =>
            {
                Key(parameters, user, question);
                parameters.Number(DurationSeconds);
            },
            static reader => reader.All(static row => row.GetBoolean(0)),
            cancellationToken).ConfigureAwait(false);
        return failure is not null ? new LeaseOutcome.Unavailable(failure)
            : taken![0] ? new LeaseOutcome.Taken()
            : new LeaseOutcome.Held();
    }

    public Task ReleaseAsync(UserId user, OperationId question) => database.QueryAsync(
        ReleaseSql, parameters => Key(parameters, user, question), static reader => reader, CancellationToken.None);

    private void Key(NpgsqlParameterCollection parameters, UserId user, OperationId question)
    {
        parameters.Text(user.ToString());
        parameters.Id(question.Value);
        parameters.Text(holder);
    }
}
