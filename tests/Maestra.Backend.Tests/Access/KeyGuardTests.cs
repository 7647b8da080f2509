using System.Net;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Testing;
using ConversationHub.Testing.Time;
using Maestra.Backend.Access;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;
using Maestra.Backend.Keys;
using Maestra.Backend.Metrics;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Signing;
using Maestra.Backend.Tests.Tokens;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Maestra.Backend.Tests.Access;

/// <summary>The race that <see cref="FailedKeyTests"/> only runs: others fail while one key is being looked at.</summary>
public sealed class KeyGuardTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData(19, 401, "invalid_api_key")]
    [InlineData(20, 429, "rate_limited")]
    public async Task WrongToken_OthersFailWhileItIsLookedAt_IsToldOnlyWithinTheLimit(int others, int status, string code)
    {
        var failed = new FailedKeys(new ManualTimeProvider());
        using var clock = new HeldClock();
        var (context, body) = Request(TokenForge.Hs256(TokenForge.Claims(expiresAt: TokenForge.Now - 60)));

        var looking = Task.Run(() => Guard(failed, clock).InvokeAsync(context));
        await clock.IsAsked.WaitAsync(TestTimeouts.Signal);
        for (var other = 0; other < others; other++)
            Assert.True(failed.CountOne(IPAddress.Loopback).IsAdmitted);
        clock.Release();
        await looking.WaitAsync(TestTimeouts.Signal);

        Assert.Equal(status, context.Response.StatusCode);
        Assert.Contains($"\"code\":\"{code}\"", Encoding.UTF8.GetString(body.ToArray()), StringComparison.Ordinal);
    }

    private KeyGuard Guard(FailedKeys failed, TimeProvider clock)
    {
        var environment = new Dictionary<string, string>
        {
            ["HOME"] = _home.Path,
            [SettingNames.Mode] = "cloud",
            [SettingNames.ApiKey] = TestBackend.Key,
            [SettingNames.JwtSecretKey] = TokenForge.Secret,
            [SettingNames.JwtIssuer] = TokenForge.Issuer,
            [SettingNames.JwtAudience] = TokenForge.Audience,
        };
        var settings = Assert.IsType<BindOutcome.Bound>(SettingsBinder.Bind(SettingSources.Load(new Dictionary<string, string>(), environment))).Settings;
        var log = new AccessLog(
            new BackendMeter(), new RecordingAudit(), BackendIdentity.FromPem(BackendIdentity.NewPem(), BackendMode.Cloud), TimeProvider.System, NullLogger<AccessLog>.Instance);
        return new KeyGuard(_ => throw new InvalidOperationException("It got through."), settings, new KeyBoard(settings.Keys.Ring), failed, log, clock);
    }

    private static (HttpContext Context, MemoryStream Body) Request(string token)
    {
        var body = new MemoryStream();
        var context = new DefaultHttpContext();
        context.Request.Path = "/conversations";
        context.Request.Headers.Authorization = $"Bearer {token}";
        context.Connection.RemoteIpAddress = IPAddress.Loopback;
        context.Response.Body = body;
        context.Features.Set(new RequestState { RequestId = RequestId.Parse("r-1"), StartedAt = 0 });
        return (context, body);
    }

    /// <summary>A clock that holds who asks it: the guard does so after it found the address free, and before it counts the failure.</summary>
    private sealed class HeldClock : TimeProvider, IDisposable
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();

        public Task IsAsked => _asked.Task;

        public void Release() => _released.Set();

        public void Dispose() => _released.Dispose();

        public override DateTimeOffset GetUtcNow()
        {
            _asked.TrySetResult();
            Assert.True(_released.Wait(TestTimeouts.Signal));
            return DateTimeOffset.FromUnixTimeSeconds(TokenForge.Now);
        }
    }
}
