using ConversationHub.Contracts;
using ConversationHub.Testing.Postgres;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>Retention, the same on each kind of store (docs/decisions/0012).</summary>
public abstract partial class StoreContract
{
    private static readonly HashSet<string> Nobody = [];

    [ContractFact]
    public async Task Retention_Conversations_AreFoundByTheirLastTouchAndErasedUnlessTouchedSince()
    {
        await ExchangeAsync("old", "Yes.", "old");
        await ExchangeAsync("old too", "Yes.", "again");
        Time.WallOffset = TimeSpan.FromDays(20);
        await ExchangeAsync("new", "Yes.", "new");
        await Archive.ChangeAsync(new ConversationChange { Owner = Ada, ConversationId = ConversationId.Parse("again"), Title = "t" }, CancellationToken.None);
        var before = Time.GetUtcNow() - TimeSpan.FromDays(10);

        var (found, failure) = await Retention.FindUntouchedAsync(before, 10, Nobody, CancellationToken.None);

        Assert.Null(failure);
        var old = Assert.Single(found!);
        Assert.Equal(("ada", "old"), (old.Owner.ToString(), old.Id.ToString()));
        Assert.Empty((await Retention.FindUntouchedAsync(before, 10, new HashSet<string> { "bob", "ada" }, CancellationToken.None)).Found!);
        Assert.Single((await Retention.FindUntouchedAsync(before, 10, new HashSet<string> { "bob" }, CancellationToken.None)).Found!);
        Assert.Empty((await Retention.FindUntouchedAsync(before, 0, Nobody, CancellationToken.None)).Found!);
        Assert.IsType<EraseOutcome.NotFound>(await Retention.EraseUntouchedAsync(
            new UntouchedConversation(Ada, ConversationId.Parse("again")), before, CancellationToken.None));
        Assert.Equal(2, Assert.IsType<EraseOutcome.Erased>(await Retention.EraseUntouchedAsync(old, before, CancellationToken.None)).MessagesErased);
        Assert.IsType<EraseOutcome.NotFound>(await Archive.EraseConversationAsync(Ada, ConversationId.Parse("never"), CancellationToken.None));
        Assert.IsType<ReadOutcome.Erased>(await Store.ReadAsync(
            new ReadQuery { Owner = Ada, ConversationId = ConversationId.Parse("old"), Limit = 1 }, CancellationToken.None));
        Assert.Empty((await Retention.FindUntouchedAsync(before, 10, Nobody, CancellationToken.None)).Found!);
    }

    /// <summary>What is written while the wall clock is a year behind is new all the same.</summary>
    [ContractFact]
    public async Task Retention_WrittenWhileTheClockWasBehind_IsNotOld()
    {
        await ExchangeAsync("first", "Yes.", "old");
        Time.WallOffset = TimeSpan.FromDays(-365);
        await ExchangeAsync("just now", "Yes.", "old");
        Time.WallOffset = TimeSpan.Zero;
        var before = Time.GetUtcNow() - TimeSpan.FromDays(10);

        Assert.Empty((await Retention.FindUntouchedAsync(before, 10, Nobody, CancellationToken.None)).Found!);
        Assert.IsType<EraseOutcome.NotFound>(await Retention.EraseUntouchedAsync(
            new UntouchedConversation(Ada, ConversationId.Parse("old")), before, CancellationToken.None));
    }

    [ContractFact]
    public async Task Retention_Clock_IsKeptAcrossAStart()
    {
        var (first, _) = await Retention.AdvanceAsync(TimeSpan.Zero, CancellationToken.None);
        Time.WallOffset = TimeSpan.FromDays(365);
        await ReopenAsync();

        var (second, _) = await Retention.AdvanceAsync(TimeSpan.FromHours(1), CancellationToken.None);

        Assert.Equal(first!.Trusted + TimeSpan.FromHours(8), second!.Trusted);
        Assert.Equal(first.Began, second.Began);
        Assert.Null(second.Limit(Time.GetUtcNow(), 30));
    }
}
