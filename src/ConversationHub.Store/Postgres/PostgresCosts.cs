using Npgsql;
using NpgsqlTypes;

namespace ConversationHub.Store.Postgres;

/// <summary>The costs that replicas count together. Thread-safe.</summary>
internal sealed class PostgresCosts(Database database)
{
    private const int KeptDays = 400;
    private const string ReserveSql = "SELECT answer, today, month FROM maestra.cost_reservations_reserve($1, $2, $3, $4, $5, $6)";
    private const string ReadSql =
        "SELECT maestra.cost_days_between($1, $1 + 1), maestra.cost_days_between(date_trunc('month', $1)::date, (date_trunc('month', $1) + interval '1 month')::date)";

    private const string SettleSql = "SELECT maestra.cost_reservations_settle($1, $2)";

    public async Task<SharedCostOutcome> ReserveAsync(
        SharedCost cost, decimal? dailyLimitUsd, decimal? monthlyLimitUsd, CancellationToken cancellationToken)
    {
        var (rows, failure) = await database.QueryAsync(
            ReserveSql,
            parameters =>
            {
                parameters.Id(cost.Id);
                Day(parameters, cost.Day);
                Usd(parameters, cost.Usd);
                Usd(parameters, dailyLimitUsd);
                Usd(parameters, monthlyLimitUsd);
                parameters.Number(KeptDays);
            },
            static reader => reader.All<SharedCostOutcome>(static row => row.GetString(0) is "reserved"
                ? new SharedCostOutcome.Spent(row.GetDecimal(1), row.GetDecimal(2))
                : new SharedCostOutcome.OverLimit(IsDaily: row.GetString(0) is "daily")),
            cancellationToken).ConfigureAwait(false);
        return failure is null ? rows![0] : new SharedCostOutcome.Unavailable(failure);
    }

    public async Task<StoreFailure?> SettleAsync(SharedCost cost, CancellationToken cancellationToken)
    {
        var (_, failure) = await database.QueryAsync(
            SettleSql,
            parameters =>
            {
                parameters.Id(cost.Id);
                Usd(parameters, cost.Usd);
            },
            static reader => reader.All(static _ => ""),
            cancellationToken).ConfigureAwait(false);
        return failure;
    }

    public async Task<SharedCostOutcome> ReadAsync(DateOnly day, CancellationToken cancellationToken)
    {
        var (rows, failure) = await database.QueryAsync(
            ReadSql,
            parameters => Day(parameters, day),
            static reader => reader.All(static row => new SharedCostOutcome.Spent(row.GetDecimal(0), row.GetDecimal(1))),
            cancellationToken).ConfigureAwait(false);
        return failure is null ? rows![0] : new SharedCostOutcome.Unavailable(failure);
    }

    private static void Day(NpgsqlParameterCollection parameters, DateOnly day) =>
        parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = day, NpgsqlDbType = NpgsqlDbType.Date });

    private static void Usd(NpgsqlParameterCollection parameters, decimal? usd) =>
        parameters.Add(new NpgsqlParameter { NpgsqlDbType = NpgsqlDbType.Numeric, Value = usd is { } amount ? amount : DBNull.Value });
}
