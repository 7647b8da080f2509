using System.Net;
using ConversationHub.Testing;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Access;

/// <summary><c>ENFORCE_HTTPS</c> (wire.md §8).</summary>
public sealed class HttpsTests
{
    [Theory]
    [InlineData("http", HttpStatusCode.PermanentRedirect)]
    [InlineData("https", HttpStatusCode.OK)]
    [InlineData("HTTPS", HttpStatusCode.OK)]
    [InlineData("http, https", HttpStatusCode.OK)]
    [InlineData("https, http", HttpStatusCode.PermanentRedirect)]
    [InlineData("", HttpStatusCode.PermanentRedirect)]
    public async Task TrustedProxy_TellsWhatTheRequestCameOver_T53(string told, HttpStatusCode expected)
    {
        await using var backend = await StartAsync((SettingNames.TrustedProxies, "127.0.0.1"));

        var reply = await SendAsync(backend, "/conversations?limit=2&x=%2F", told);

        Assert.Equal(expected, reply.Status);
        Assert.Equal(expected == HttpStatusCode.OK ? "max-age=31536000" : null, reply.Headers.GetValueOrDefault("Strict-Transport-Security"));
        Assert.Equal(expected == HttpStatusCode.OK ? null : "https://maestra.example/conversations?limit=2&x=%2F", reply.Headers.GetValueOrDefault("Location"));
        Assert.Equal("no-store", reply.Headers.GetValueOrDefault("Cache-Control"));
    }

    [Fact]
    public async Task Stranger_IsNotBelieved_T53()
    {
        await using var backend = await StartAsync((SettingNames.TrustedProxies, "203.0.113.0/24"));

        Assert.Equal(HttpStatusCode.PermanentRedirect, (await SendAsync(backend, "/conversations", "https")).Status);
    }

    [Fact]
    public async Task Health_IsNeverRedirected_T53()
    {
        await using var backend = await StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(backend, "/health", null)).Status);
    }

    [Fact]
    public async Task PlainRequest_IsRedirectedBeforeItsKeyIsLookedAt()
    {
        await using var backend = await StartAsync();

        Assert.Equal(HttpStatusCode.PermanentRedirect, (await SendAsync(backend, "/conversations", null, key: "wrong-key-000000001")).Status);
    }

    [Fact]
    public async Task Off_OrLocal_RedirectsNothing()
    {
        await using var off = await TestBackend.StartCloudAsync();
        await using var local = await TestBackend.StartLocalAsync((SettingNames.EnforceHttps, "true"));

        Assert.Equal(HttpStatusCode.OK, (await off.GetAsync("/conversations", TestBackend.Key)).Status);
        Assert.Equal(HttpStatusCode.OK, (await local.GetAsync("/conversations")).Status);
        Assert.Contains("ENFORCE_HTTPS is off", off.Log, StringComparison.Ordinal);
        Assert.Contains("ENFORCE_HTTPS has no effect in local mode", local.Log, StringComparison.Ordinal);
    }

    private static Task<TestBackend> StartAsync(params (string Name, string Value)[] settings) =>
        TestBackend.StartCloudAsync([(SettingNames.EnforceHttps, "true"), .. settings]);

    private static async Task<Reply> SendAsync(TestBackend backend, string path, string? proto, string key = TestBackend.Key)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var client = new HttpClient(handler) { Timeout = TestTimeouts.Signal };
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(backend.Url, path));
        request.Headers.Host = "maestra.example";
        request.Headers.Add("X-API-Key", key);
        if (proto is not null)
            request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", proto);
        using var response = await client.SendAsync(request);
        return await Reply.ReadAsync(response);
    }
}
