using System.Globalization;
using System.Net;
using ConversationHub.Contracts;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Access;

/// <summary>Limits on use, over HTTP (wire.md §8).</summary>
public sealed class RateLimitTests
{
    private const int Limit = 100;
    private static readonly DateTimeOffset Start = new(2026, 1, 5, 9, 30, 0, TimeSpan.Zero);

    [Fact]
    public async Task Cloud_AHundredPassAndTheNextIsRefused_WithBothFamiliesOfHeaders_T12_T13_T14()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        for (var request = 1; request <= Limit; request++)
        {
            var admitted = await backend.GetAsync("/conversations", TestBackend.AdaKey);
            Assert.Equal(HttpStatusCode.OK, admitted.Status);
            AssertHeaders(admitted, remaining: Limit - request, left: 60);
            Assert.False(admitted.Headers.ContainsKey("Retry-After"));
        }

        backend.Time.Advance(TimeSpan.FromSeconds(12.5));
        var refused = await backend.GetAsync("/conversations", TestBackend.AdaKey);

        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited", "Rate limit exceeded"), (refused.Status, refused.Code, (string?)refused.Json["detail"]));
        AssertHeaders(refused, remaining: 0, left: 48, unix: Start.AddSeconds(60));
        Assert.Equal("48", refused.Headers["Retry-After"]);

        // Another key has its own count, health none; a full window is over at its end and not before.
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations", TestBackend.BobKey)).Status);
        var health = await backend.GetAsync("/health", TestBackend.AdaKey);
        Assert.Equal((HttpStatusCode.OK, false), (health.Status, health.Headers.ContainsKey("RateLimit-Limit")));
        backend.Time.Advance(TimeSpan.FromSeconds(47));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.GetAsync("/conversations", TestBackend.AdaKey)).Status);
        backend.Time.Advance(TimeSpan.FromSeconds(0.5));
        AssertHeaders(await backend.GetAsync("/conversations", TestBackend.AdaKey), remaining: 99, left: 60, unix: Start.AddSeconds(120));
    }

    [Fact]
    public async Task Cloud_SyncAndAsks_DoNotStarveEachOther_T14()
    {
        await using var backend = await TestBackend.StartCloudAsync((SettingNames.RateLimitRequests, "1"));
        await backend.AskAsync("{}", key: TestBackend.AdaKey);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.AskAsync("{}", key: TestBackend.AdaKey)).Status);

        Reply sync = null!;
        for (var request = 0; request < 240; request++)
        {
            sync = await backend.AskAsync("{}", "/sync", headers: [("X-Maestra-Backend", "local_sha256_eed292c6e467c8ef")]);
            Assert.NotEqual(HttpStatusCode.TooManyRequests, sync.Status);
        }

        Assert.Equal(("240", "0", "240;w=60"), (sync.Headers["RateLimit-Limit"], sync.Headers["RateLimit-Remaining"], sync.Headers["RateLimit-Policy"]));
        Assert.Equal("rate_limited", (await backend.AskAsync("{}", "/sync", headers: [("X-Maestra-Backend", "local_sha256_eed292c6e467c8ef")])).Code);
        Assert.NotEqual("rate_limited", (await backend.AskAsync("{}", "/sync", headers: [("X-Maestra-Backend", "local_sha256_0000000000000000")])).Code);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations", TestBackend.BobKey)).Status);
    }

    /// <summary>A name is not checked before the count, so a new one must not be a new count without end.</summary>
    [Fact]
    public async Task Cloud_SyncUnderEverNewNames_IsLimitedPerAddress()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        for (var request = 0; request < 4 * 240; request++)
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await SyncAsync(request)).Status);

        var refused = await SyncAsync(4 * 240);

        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited", "60"), (refused.Status, refused.Code, refused.Headers["Retry-After"]));
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations", TestBackend.BobKey)).Status);

        Task<Reply> SyncAsync(int name) => backend.AskAsync("{}", "/sync", headers: [("X-Maestra-Backend", $"local_sha256_{name:x16}")]);
    }

    [Fact]
    public async Task Cloud_RefusedRequest_IsAlsoLimitedWhenItsFieldsAreWrong_AndAnUnknownPathCounts()
    {
        await using var backend = await TestBackend.StartCloudAsync((SettingNames.RateLimitRequests, "2"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await backend.AskAsync("{}", key: TestBackend.Key)).Status);
        Assert.Equal((HttpStatusCode.NotFound, "0"), await backend.GetAsync("/nothing", TestBackend.Key) is var reply ? (reply.Status, reply.Headers["RateLimit-Remaining"]) : default);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.AskAsync("{}", key: TestBackend.Key)).Status);
        Assert.Equal(0, backend.Store.QuestionsStored);
    }

    [Fact]
    public async Task Local_IsLimitedOnlyWhereItIsAskedFor_AndThenPerAddress()
    {
        await using var free = await TestBackend.StartLocalAsync((SettingNames.RateLimitRequests, "1"));
        await using var limited = await TestBackend.StartLocalAsync((SettingNames.RateLimitRequests, "1"), (SettingNames.RateLimitEnabled, "true"), (SettingNames.RateLimitWindow, "5"));

        Assert.False((await free.GetAsync("/conversations")).Headers.ContainsKey("RateLimit-Limit"));
        Assert.Equal(HttpStatusCode.OK, (await free.GetAsync("/conversations")).Status);
        Assert.Equal("1;w=5", (await limited.GetAsync("/conversations")).Headers["RateLimit-Policy"]);
        var refused = await limited.GetAsync("/conversations");
        Assert.Equal((HttpStatusCode.TooManyRequests, "5"), (refused.Status, refused.Headers["Retry-After"]));
        Assert.Equal(HttpStatusCode.OK, (await limited.GetAsync(Routes.Health)).Status);
    }

    private static void AssertHeaders(Reply reply, int remaining, int left, DateTimeOffset? unix = null)
    {
        var ends = (unix ?? Start.AddSeconds(left)).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        Assert.Equal(("100", $"{remaining}", $"{left}", "100;w=60"), (reply.Headers["RateLimit-Limit"], reply.Headers["RateLimit-Remaining"], reply.Headers["RateLimit-Reset"], reply.Headers["RateLimit-Policy"]));
        Assert.Equal(("100", $"{remaining}", ends), (reply.Headers["X-RateLimit-Limit"], reply.Headers["X-RateLimit-Remaining"], reply.Headers["X-RateLimit-Reset"]));
    }
}
