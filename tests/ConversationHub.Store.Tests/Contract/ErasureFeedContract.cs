using ConversationHub.Contracts;
using ConversationHub.Testing.Postgres;

namespace ConversationHub.Store.Tests.Contract;

/// <summary>What is kept outside the store learns of every erasure, the same on each kind of store (docs/decisions/0060).</summary>
public abstract partial class StoreContract
{
    [ContractFact]
    public async Task Erasures_SinceAPlace_AreAllToldAlsoAfterAStart()
    {
        await ExchangeAsync("one", "Yes.", "one");
        await ExchangeAsync("two", "Yes.", "two");
        var (before, none) = await ReadErasuresAsync(null);
        var one = Assert.IsType<EraseOutcome.Erased>(await Archive.EraseConversationAsync(Ada, ConversationId.Parse("one"), CancellationToken.None));
        var (middle, first) = await ReadErasuresAsync(before);
        var user = Assert.IsType<EraseUserOutcome.Erased>(await Archive.EraseUserAsync(Ada, CancellationToken.None));
        await ReopenAsync();

        var (after, second) = await ReadErasuresAsync(middle);
        var (_, both) = await ReadErasuresAsync(before);
        var (_, all) = await ReadErasuresAsync("of another kind");
        var (_, rest) = await ReadErasuresAsync(after);

        Assert.Empty(none);
        Assert.Equal([(one.OperationId, "ada", "one")], first);
        Assert.Equal([(user.OperationId, "ada", null)], second);
        Assert.Equal(first.Concat(second), both);
        Assert.Equal(both, all);
        Assert.Empty(rest);
    }

    private async Task<(string Place, List<(OperationId Id, string User, string? Conversation)> Erasures)> ReadErasuresAsync(string? after)
    {
        var (page, failure) = await ((IErasureFeed)Store).ReadErasuresAsync(after, CancellationToken.None);
        Assert.Null(failure);
        Assert.All(page!.Erasures, one => Assert.InRange(one.At, Time.GetUtcNow() - TimeSpan.FromMinutes(1), Time.GetUtcNow() + TimeSpan.FromMinutes(1)));
        return (page.Place, [.. page.Erasures.Select(static one => (one.Id, one.User.ToString(), one.ConversationId?.ToString()))]);
    }
}
