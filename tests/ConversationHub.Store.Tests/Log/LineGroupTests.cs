using ConversationHub.Store.Index;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Tests.Log;

public sealed class LineGroupTests
{
    private const int Near = LineGroup.MostBetweenBytes;

    /// <summary>Places are segment, offset and length.</summary>
    [Theory]
    [InlineData(1, new[] { 1, 0, 100 })]
    [InlineData(2, new[] { 1, 0, 100, 1, 101, 50 })]
    [InlineData(2, new[] { 1, 0, 100, 1, 100 + Near, 50 })]
    [InlineData(1, new[] { 1, 0, 100, 1, 101 + Near, 50 })]
    [InlineData(1, new[] { 1, 0, 100, 2, 101, 50 })]
    [InlineData(1, new[] { 1, 500, 100, 1, 0, 100 })]
    [InlineData(1, new[] { 1, 0, 100, 1, 0, 100 })]
    [InlineData(2, new[] { 1, 0, 100, 1, 101, LineGroup.MostBytes - 101 })]
    [InlineData(1, new[] { 1, 0, 100, 1, 101, LineGroup.MostBytes - 100 })]
    [InlineData(1, new[] { 1, 0, 16 << 20, 1, (16 << 20) + 1, 50 })]
    [InlineData(1, new[] { 1, int.MaxValue - 150, 100, 1, int.MaxValue - 10, int.MaxValue })]
    public void CountOfFirst_Places_IsThatOfThoseWhichOneReadBrings(int count, int[] numbers) =>
        Assert.Equal(count, LineGroup.CountOfFirst([.. numbers.Chunk(3).Select(static one => new LineLocation(one[0], one[1], one[2]))]));
}
