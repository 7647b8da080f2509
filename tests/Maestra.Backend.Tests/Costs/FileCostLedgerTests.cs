using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Costs;

namespace Maestra.Backend.Tests.Costs;

/// <summary>What is spent is never forgotten and never more than allowed (wire.md §8).</summary>
public sealed class FileCostLedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTimeProvider _time = new();

    public void Dispose() => _folder.Dispose();

    private string FilePath => Path.Combine(_folder.Path, CostFile.Name);

    /// <summary>T47: parallel asks cannot overspend, whatever their number and order.</summary>
    [Fact]
    public async Task Reserve_ManyAtOnce_GrantsExactlyWhatTheLimitHolds_T47()
    {
        using var ledger = Open(daily: 1.00m);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => Task.Run(() => ledger.ReserveAsync(0.03m, CancellationToken.None))));

        Assert.Equal(33, outcomes.OfType<ReserveOutcome.Granted>().Count());
        Assert.Equal(167, outcomes.OfType<ReserveOutcome.OverLimit>().Count());
        Assert.Equal(0.99m, ledger.Totals.Today);
    }

    /// <summary>Two processes on one state root, here two ledgers that share nothing but the file.</summary>
    [Fact]
    public async Task Reserve_FromTwoLedgersOnOneFile_GrantsExactlyWhatTheLimitHolds_T47()
    {
        using var one = Open(daily: 1.00m, time: TimeProvider.System);
        using var other = Open(daily: 1.00m, time: TimeProvider.System);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(
            () => (n % 2 == 0 ? one : other).ReserveAsync(0.04m, CancellationToken.None))));

        Assert.DoesNotContain(outcomes, outcome => outcome is ReserveOutcome.Unavailable);
        Assert.Equal(25, outcomes.OfType<ReserveOutcome.Granted>().Count());
    }

    /// <summary>T47: the reservation is replaced by the real cost, on its own day also after midnight.</summary>
    [Fact]
    public async Task Settle_AfterMidnight_ReplacesTheReservationOnItsDay_T47()
    {
        _time.Advance(ToMidnight() - TimeSpan.FromSeconds(1));
        using var ledger = Open(daily: 1.00m, monthly: null);
        var reservation = await GrantAsync(ledger, 0.90m);
        var day = reservation.Day;
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Null(await ledger.SettleAsync(reservation, 0.25m));

        Assert.Equal(0, ledger.Totals.Today);
        Assert.Equal(0.25m, Stored().Totals(day).Today);
        await GrantAsync(ledger, 1.00m);
    }

    /// <summary>A crash between reservation and settlement loses nothing: what was set aside counts as spent.</summary>
    [Fact]
    public async Task Open_AfterACrashWithAReservation_CountsItAsSpent_T47()
    {
        using (var crashed = Open(daily: 1.00m))
        {
            await crashed.SettleAsync(await GrantAsync(crashed, 0.50m), 0.10m);
            await GrantAsync(crashed, 0.60m);
        }

        using var ledger = Open(daily: 1.00m);

        Assert.Equal(0.70m, ledger.Totals.Today);
        Assert.Equal(CostLimitKind.Daily, Assert.IsType<ReserveOutcome.OverLimit>(await ledger.ReserveAsync(0.31m, CancellationToken.None)).Hit.Kind);
        await GrantAsync(ledger, 0.30m);
    }

    [Fact]
    public async Task Reserve_OverTheMonth_IsRefusedUntilTheNext_T47()
    {
        using var ledger = Open(daily: null, monthly: 2.00m);
        await GrantAsync(ledger, 2.00m);

        var hit = Assert.IsType<ReserveOutcome.OverLimit>(await ledger.ReserveAsync(0.01m, CancellationToken.None)).Hit;
        Assert.Equal(CostLimitKind.Monthly, hit.Kind);
        _time.Advance(hit.ResetsAt - _time.GetUtcNow());

        Assert.Equal(new CostTotals(0, 0), ledger.Totals);
        await GrantAsync(ledger, 2.00m);
    }

    [Fact]
    public async Task Reserve_Nothing_TouchesNoFile()
    {
        using var ledger = Open(daily: 0m);

        var reservation = await GrantAsync(ledger, 0);
        Assert.Null(await ledger.SettleAsync(reservation, 0));

        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    public async Task Reserve_FolderCannotBeWritten_GrantsNothing()
    {
        var file = Path.Combine(_folder.Path, "a-file");
        await File.WriteAllTextAsync(file, "");
        using var ledger = Open(daily: 1m, root: Path.Combine(file, "state"));

        Assert.IsType<ReserveOutcome.Unavailable>(await ledger.ReserveAsync(0.01m, CancellationToken.None));
    }

    [Fact]
    public async Task Reserve_FileWasDamagedMeanwhile_GrantsNothingAndKeepsIt()
    {
        using var ledger = Open(daily: 1m);
        await GrantAsync(ledger, 0.5m);
        await File.WriteAllTextAsync(FilePath, "{ torn");

        Assert.IsType<ReserveOutcome.Unavailable>(await ledger.ReserveAsync(0.01m, CancellationToken.None));

        Assert.Equal("{ torn", await File.ReadAllTextAsync(FilePath));
        Assert.Null(FileCostLedger.Open(_folder.Path, new CostLimits(1, 1), _time, new IdSource(_time), out var refusal));
        Assert.Contains(FilePath, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reserve_Files_AreForTheirOwnerAlone_T31()
    {
        using var ledger = Open(daily: 1m);
        await GrantAsync(ledger, 0.5m);

        foreach (var path in Directory.GetFiles(_folder.Path))
        {
            if (!OperatingSystem.IsWindows())
                Assert.True(File.GetUnixFileMode(path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), path);
        }
    }

    private static async Task<CostReservation> GrantAsync(FileCostLedger ledger, decimal usd) =>
        Assert.IsType<ReserveOutcome.Granted>(await ledger.ReserveAsync(usd, CancellationToken.None)).Reservation;

    private CostBook Stored() => CostBook.Parse(File.ReadAllBytes(FilePath), out _)!;

    private TimeSpan ToMidnight() => TimeSpan.FromDays(1) - _time.GetUtcNow().TimeOfDay;

    private FileCostLedger Open(decimal? daily, decimal? monthly = 100m, string? root = null, TimeProvider? time = null)
    {
        time ??= _time;
        var ledger = FileCostLedger.Open(root ?? _folder.Path, new CostLimits(daily, monthly), time, new IdSource(time), out var refusal);
        Assert.True(ledger is not null, refusal);
        return ledger;
    }
}
