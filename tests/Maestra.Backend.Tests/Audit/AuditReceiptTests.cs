using Maestra.Backend.Audit;

namespace Maestra.Backend.Tests.Audit;

/// <summary>An erasure is accounted for once one sink has its record, whatever the others lose (docs/decisions/0069).</summary>
public sealed class AuditReceiptTests
{
    [Fact]
    public async Task Kept_OneOfTwoSinksLostIt_WaitsForTheOther()
    {
        var receipt = new AuditReceipt(sinks: 2);

        receipt.Dropped();
        Assert.False(receipt.Kept.IsCompleted);
        receipt.Delivered();

        Assert.True(await receipt.Kept);
    }

    [Fact]
    public async Task Kept_AllSinksLostIt_IsFalse()
    {
        var receipt = new AuditReceipt(sinks: 2);

        receipt.Dropped();
        receipt.Dropped();

        Assert.False(await receipt.Kept);
    }
}
