namespace ConversationHub.Contracts.Tests;

public sealed class WireTimeTests
{
    private static readonly DateTimeOffset Expected = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    /// <summary>T43.</summary>
    [Theory]
    [InlineData("2026-01-05T09:30:00Z")]
    [InlineData("2026-01-05T09:30:00")]
    [InlineData("2026-01-05T09:30:00.000000Z")]
    [InlineData("2026-01-05T10:30:00+01:00")]
    [InlineData("2026-01-05T10:30:00.000+01:00")]
    [InlineData("2026-01-05T09:30:00.000")]
    public void TryParse_EveryForm_GivesTheSameTime(string text)
    {
        Assert.True(WireTime.TryParse(text, out var time));
        Assert.Equal(Expected, time);
        Assert.Equal("2026-01-05T09:30:00.000000Z", WireTime.Format(time));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("09:30")]
    [InlineData("1/5/2026 09:30")]
    [InlineData("yesterday")]
    public void TryParse_NotIso8601_IsRefused(string? text) => Assert.False(WireTime.TryParse(text, out _));
}
