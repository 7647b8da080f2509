using System.Text;
using Maestra.Backend.Costs;

namespace Maestra.Backend.Tests.Costs;

public sealed class CostBookTests
{
    private static readonly DateOnly Day = new(2026, 1, 5);

    /// <summary>The line of wire.md §8.</summary>
    [Fact]
    public void Write_DayAndMonth_IsTheDocumentedFile_T47()
    {
        var book = Parse("""{"2026-01-05":0.42,"monthly_total_2026-01":3.17}""");

        Assert.Equal(new CostTotals(0.42m, 3.17m), book.Totals(Day));
        Assert.Equal("""{"2026-01-05":0.42,"monthly_total_2026-01":3.17}""" + "\n", Encoding.UTF8.GetString(book.Write()));
    }

    [Fact]
    public void Add_ToADay_CountsInItsMonthOnly_T47()
    {
        var book = new CostBook();
        book.Add(new DateOnly(2026, 1, 31), 0.10m);
        book.Add(new DateOnly(2026, 2, 1), 0.20m);
        book.Add(new DateOnly(2026, 2, 1), -0.05m);

        Assert.Equal(new CostTotals(0.10m, 0.10m), book.Totals(new DateOnly(2026, 1, 31)));
        Assert.Equal(new CostTotals(0, 0.15m), book.Totals(new DateOnly(2026, 2, 2)));
        Assert.Equal(
            """{"2026-01-31":0.1,"2026-02-01":0.15,"monthly_total_2026-01":0.1,"monthly_total_2026-02":0.15}""" + "\n",
            Encoding.UTF8.GetString(book.Write()));
    }

    [Fact]
    public void Prune_Keeps400Days()
    {
        var book = new CostBook();
        for (var day = 0; day <= 400; day++)
            book.Add(Day.AddDays(-day), day + 1);

        book.Prune();

        Assert.Equal((0m, 400m, 1m), (book.Totals(Day.AddDays(-400)).Today, book.Totals(Day.AddDays(-399)).Today, book.Totals(Day).Today));
        Assert.True(book.Totals(Day.AddDays(-399)).Month > 0);
    }

    /// <summary>Finding 21 c: the clock was years ahead for one call.</summary>
    [Fact]
    public void Prune_AfterACallOfAFarDay_RemembersToday()
    {
        var book = new CostBook();
        book.Add(Day, 3);
        book.Add(Day.AddDays(5000), 1);

        book.Prune();

        Assert.Equal(new CostTotals(3, 3), book.Totals(Day));
    }

    /// <summary>A file of the earlier backend, or one that was edited, never counts for less than it says.</summary>
    [Fact]
    public void Parse_MonthMissingOrLessThanItsDays_CountsTheDays()
    {
        Assert.Equal(3, Parse("""{"2026-01-04":1,"2026-01-05":2}""").Totals(Day).Month);
        Assert.Equal(3, Parse("""{"2026-01-04":1,"2026-01-05":2,"monthly_total_2026-01":0}""").Totals(Day).Month);
        Assert.Equal(9, Parse("""{"2026-01-05":2,"monthly_total_2026-01":9,"note":"unknown names are ignored"}""").Totals(Day).Month);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"2026-01-05":"0.42"}""")]
    [InlineData("""{"2026-01-05":-1}""")]
    [InlineData("""{"2026-01-05":1e20}""")]
    [InlineData("""{"monthly_total_2026-13":1}""")]
    [InlineData("""{"2026-01-05":1,"2026-01-05":2}""")]
    public void Parse_Damaged_IsNoBook(string text)
    {
        Assert.Null(CostBook.Parse(Encoding.UTF8.GetBytes(text), out var error));
        Assert.NotNull(error);
    }

    private static CostBook Parse(string text)
    {
        var book = CostBook.Parse(Encoding.UTF8.GetBytes(text), out var error);
        Assert.True(book is not null, error);
        return book;
    }
}
