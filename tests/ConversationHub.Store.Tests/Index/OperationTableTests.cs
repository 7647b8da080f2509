using ConversationHub.Contracts;
using ConversationHub.Store.Index;

namespace ConversationHub.Store.Tests.Index;

public sealed class OperationTableTests
{
    private const int Ids = 20_000;
    private const int CopiedEach = 10;

    private readonly IdSource _ids = new(TimeProvider.System);

    /// <summary>The places of entries hold a part of the hash, whose width changes as the table grows.</summary>
    [Fact]
    public void Find_WhileItGrows_HasEachCopyOfEachIdAndNoOther()
    {
        var (table, held) = Filled();

        AssertFinds(table, held);
    }

    [Fact]
    public void Find_Restored_HasEachCopyOfEachIdAndNoOtherAndGoesOnGrowing()
    {
        var (from, held) = Filled();
        var table = new OperationTable();
        Assert.True(table.TryRestore(from.Count, (chunk, target) => from.Take(chunk, target) >= target.Length));

        table.PlaceRestored();
        AssertFinds(table, held);
        for (var n = 0; n < Ids; n++)
            Add(table, held, _ids.NewOperationId().Value);

        AssertFinds(table, held);
    }

    private (OperationTable Table, Dictionary<Guid, List<int>> Held) Filled()
    {
        var table = new OperationTable();
        var held = new Dictionary<Guid, List<int>>();
        for (var n = 0; n < Ids; n++)
        {
            var id = _ids.NewOperationId().Value;
            Add(table, held, id);
            if (n % CopiedEach == 0)
                Add(table, held, id);
            Assert.Equal(held[id].Order(), Found(table, id));
        }

        return (table, held);
    }

    private void AssertFinds(OperationTable table, Dictionary<Guid, List<int>> held)
    {
        foreach (var (id, numbers) in held)
            Assert.Equal(numbers.Order(), Found(table, id));
        for (var n = 0; n < Ids; n++)
            Assert.Empty(Found(table, _ids.NewOperationId().Value));
    }

    private static void Add(OperationTable table, Dictionary<Guid, List<int>> held, Guid id)
    {
        if (!held.TryGetValue(id, out var numbers))
            held[id] = numbers = [];
        numbers.Add(table.Add(new OperationEntry { Id = id }));
    }

    private static int[] Found(OperationTable table, Guid id)
    {
        var found = new List<int>();
        foreach (var number in table.Find(id))
            found.Add(number);
        return [.. found.Order()];
    }
}
