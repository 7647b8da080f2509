using System.Net;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Access;

/// <summary>Twenty failed keys of one address in a minute end its tries (wire.md §8).</summary>
public sealed class FailedKeyTests
{
    private const int Allowed = 20;

    [Fact]
    public async Task TwentyFailedKeys_ThenTheAddressIsRefused_WithARightKeyToo_UntilTheWindowEnds()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        for (var failed = 0; failed < Allowed; failed++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await backend.GetAsync("/conversations", $"wrong-key-{failed}")).Status);
            backend.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var refused = await backend.GetAsync("/conversations", TestBackend.AdaKey);
        Assert.Equal((HttpStatusCode.TooManyRequests, "rate_limited", "40"), (refused.Status, refused.Code, refused.Headers["Retry-After"]));
        Assert.Single(backend.Log.Split('\n'), line => line.Contains("127.0.0.1 sent 20 failed keys", StringComparison.Ordinal));

        // Health answers on and is no way to try keys; a request without any is told what it always is.
        var health = await backend.GetAsync("/health", TestBackend.Key);
        Assert.Equal(HttpStatusCode.OK, health.Status);
        Assert.Null(health.Json["store"]!["conversations"]);
        Assert.Equal(HttpStatusCode.Unauthorized, (await backend.GetAsync("/conversations")).Status);

        backend.Time.Advance(TimeSpan.FromSeconds(40));
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations", TestBackend.AdaKey)).Status);
    }

    /// <summary>Whatever the order in which they are looked at, no guess beyond the twentieth is told that it was wrong.</summary>
    [Fact]
    public async Task SixtyFourWrongKeysAtOnce_ExactlyTwentyAreAnsweredAsWrong()
    {
        await using var backend = await TestBackend.StartCloudAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(n => Task.Run(() => backend.GetAsync("/conversations", $"wrong-key-of-many-{n}"))));

        Assert.Equal(Allowed, replies.Count(static reply => reply.Status == HttpStatusCode.Unauthorized));
        Assert.Equal(64 - Allowed, replies.Count(static reply => reply is { Status: HttpStatusCode.TooManyRequests, Code: "rate_limited" }));
        Assert.Single(backend.Log.Split('\n'), line => line.Contains("127.0.0.1 sent 20 failed keys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FailuresAtHealth_CountToo_RequestsWithoutKeyDoNot()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        for (var failed = 0; failed < Allowed; failed++)
        {
            await backend.GetAsync("/health", $"wrong-key-{failed}");
            await backend.GetAsync("/health");
            await backend.GetAsync("/conversations");
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.GetAsync("/conversations", TestBackend.AdaKey)).Status);
        await using var other = await TestBackend.StartCloudAsync();
        for (var request = 0; request < 2 * Allowed; request++)
            await other.GetAsync("/conversations");
        Assert.Equal(HttpStatusCode.OK, (await other.GetAsync("/conversations", TestBackend.AdaKey)).Status);
    }

    [Fact]
    public async Task BehindATrustedProxy_EachAddressCountsForItself_AndAnIpv6OnePerPrefix()
    {
        await using var backend = await TestBackend.StartCloudAsync((SettingNames.TrustedProxies, "127.0.0.0/8"));
        for (var failed = 0; failed < Allowed; failed++)
        {
            await backend.GetAsync("/conversations", "wrong-key-00000001", ("X-Forwarded-For", "203.0.113.9"));
            await backend.GetAsync("/conversations", "wrong-key-00000001", ("X-Forwarded-For", $"2001:db8:0:7::{failed:x}"));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.GetAsync("/conversations", TestBackend.Key, ("X-Forwarded-For", "10.9.9.9, 203.0.113.9"))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.GetAsync("/conversations", TestBackend.Key, ("X-Forwarded-For", "2001:db8:0:7:ffff::"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations", TestBackend.Key, ("X-Forwarded-For", "203.0.113.10"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/conversations", TestBackend.Key, ("X-Forwarded-For", "2001:db8:0:8::1"))).Status);
    }

    [Fact]
    public async Task WithoutTrustedProxies_ForwardedForIsNotBelieved()
    {
        await using var backend = await TestBackend.StartCloudAsync();
        for (var failed = 0; failed < Allowed; failed++)
            await backend.GetAsync("/conversations", "wrong-key-00000001", ("X-Forwarded-For", $"203.0.113.{failed}"));

        Assert.Equal(HttpStatusCode.TooManyRequests, (await backend.GetAsync("/conversations", TestBackend.Key, ("X-Forwarded-For", "198.51.100.1"))).Status);
    }
}
