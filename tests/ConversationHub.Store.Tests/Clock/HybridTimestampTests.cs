using ConversationHub.Store.Clock;
using FsCheck;
using FsCheck.Fluent;

namespace ConversationHub.Store.Tests.Clock;

public sealed class HybridTimestampTests
{
    private static readonly long Start = new DateTimeOffset(2026, 1, 5, 9, 30, 0, 123, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>wire.md §15.</summary>
    [Fact]
    public void ToString_VectorsOfTheSpecification_AreExact()
    {
        Assert.Equal("019b8d7df23b0000", HybridTimestamp.Create(Start, 0).ToString());
        Assert.Equal("019b8d7df5670001", HybridTimestamp.Create(Start + 812, 1).ToString());
    }

    [Fact]
    public void Next_ClockJumpsUpToADayEitherWay_NeverRunsBackAndNeverFallsBehindTheClock() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<int[]>(),
            jumps =>
            {
                var now = Start;
                var last = default(HybridTimestamp);
                return jumps.All(jump =>
                {
                    now += jump % (24L * 3600 * 1000);
                    var next = HybridTimestamp.Next(last, now);
                    var holds = next > last && next.UnixMilliseconds >= now
                        && string.CompareOrdinal(next.ToString(), last.ToString()) > 0;
                    last = next;
                    return holds;
                });
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void Next_CounterFull_CarriesIntoTheMilliseconds() =>
        Assert.Equal(HybridTimestamp.Create(Start + 1, 0), HybridTimestamp.Next(HybridTimestamp.Create(Start, ushort.MaxValue), Start));

    [Theory]
    [InlineData("019b8d7df23b0000", true)]
    [InlineData("019B8D7DF23B0000", false)]
    [InlineData("019b8d7df23b000", false)]
    [InlineData("019b8d7df23b000 ", false)]
    [InlineData("", false)]
    public void TryParse_Text_TakesSixteenLowerCaseDigitsOnly(string text, bool expected)
    {
        Assert.Equal(expected, HybridTimestamp.TryParse(text, out var time));
        if (expected)
            Assert.Equal(text, time.ToString());
    }
}
