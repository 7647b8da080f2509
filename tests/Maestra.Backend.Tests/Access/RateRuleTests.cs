using ConversationHub.Testing.Time;
using Maestra.Backend.Access;

namespace Maestra.Backend.Tests.Access;

public sealed class RateRuleTests
{
    private const int Windows = 10;
    private static readonly RateLimit Limit = new(100, TimeSpan.FromSeconds(60));

    [Fact]
    public void Count_TenWindows_AdmitAHundredEachAndRefuseTheNextWithTheRightWait_T12_T14()
    {
        var random = new Random(12);
        var now = TimeSpan.FromHours(3);
        RateWindow? window = null;
        for (var round = 0; round < Windows; round++)
        {
            var startedAt = now;
            for (var request = 1; request <= Limit.Requests; request++)
            {
                (var admitted, window) = RateRule.Count(window, now, Limit);
                Assert.Equal((true, Limit.Requests - request, startedAt + Limit.Window - now), (admitted.IsAdmitted, admitted.Remaining, admitted.Left));
                now += TimeSpan.FromMilliseconds(random.Next(0, 590));
            }

            (var refused, window) = RateRule.Count(window, now, Limit);
            Assert.Equal((false, 0, startedAt + Limit.Window - now), (refused.IsAdmitted, refused.Remaining, refused.Left));
            Assert.InRange(refused.LeftSeconds - refused.Left.TotalSeconds, 0, 0.999_999_9);

            // One tick before the end it is refused still; at the end the next window begins, whenever its first request comes.
            (var last, window) = RateRule.Count(window, startedAt + Limit.Window - TimeSpan.FromTicks(1), Limit);
            Assert.Equal((false, 1), (last.IsAdmitted, last.LeftSeconds));
            now = startedAt + Limit.Window + TimeSpan.FromMilliseconds(random.Next(0, 2) * 7_000);
        }
    }

    [Fact]
    public void Count_FirstOfAWindow_NeverSaysMoreThanTheWindow()
    {
        var (verdict, _) = RateRule.Count(null, TimeSpan.Zero, Limit);

        Assert.Equal(60, verdict.LeftSeconds);
    }

    [Fact]
    public void Count_WindowOfALongerSetting_BeginsAnew()
    {
        var (verdict, window) = RateRule.Count(new RateWindow(TimeSpan.FromHours(1), 5_000), TimeSpan.Zero, Limit);

        Assert.Equal((true, 99, Limit.Window), (verdict.IsAdmitted, verdict.Remaining, window.EndsAt));
    }

    [Fact]
    public void Table_ManyPartitions_StaysBoundedAndKeepsTheFreshOnes()
    {
        var time = new ManualTimeProvider();
        var table = new RateWindowTable(time, maxPartitions: 64);
        for (var number = 0; number < 1_000; number++)
        {
            table.CountOne($"p{number}", Limit);
            time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.InRange(table.Count, 1, 64);
        }

        Assert.Equal(98, table.CountOne("p999", Limit).Remaining);
        Assert.Equal(99, table.CountOne("p0", Limit).Remaining);
    }

    [Fact]
    public void Table_AnswersOfOneSharedWindow_StayOneWindow()
    {
        var time = new ManualTimeProvider();
        var table = new RateWindowTable(time);
        table.Adopt("p", 2, TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromMilliseconds(20));
        // Earlier counted, later heard; and the end that another replica was told.
        table.Adopt("p", 1, TimeSpan.FromSeconds(30));
        table.Adopt("p", 99, TimeSpan.FromSeconds(30));

        var counted = table.CountOne("p", Limit);
        Assert.Equal((true, 0, TimeSpan.FromSeconds(29.98)), (counted.IsAdmitted, counted.Remaining, counted.Left));
        Assert.False(table.CountOne("p", Limit).IsAdmitted);

        time.Advance(TimeSpan.FromSeconds(29.98));
        Assert.Null(table.FindRefusal("p", Limit));
        table.Adopt("p", 1, TimeSpan.FromSeconds(60));
        Assert.Equal(98, table.CountOne("p", Limit).Remaining);
    }
}
