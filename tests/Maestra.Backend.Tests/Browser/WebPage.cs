using System.Net;
using ConversationHub.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Maestra.Backend.Tests.Browser;

/// <summary>A page on an origin of its own, and what its script reports back.</summary>
internal sealed class WebPage : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TaskCompletionSource<string> _report = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _html = "";

    private WebPage(WebApplication app) => _app = app;

    /// <summary>As browsers send it in <c>Origin</c>.</summary>
    public string Origin { get; private set; } = "";

    public static async Task<WebPage> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var page = new WebPage(builder.Build());
        page._app.Run(page.ServeAsync);
        await page._app.StartAsync();
        page.Origin = page._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return page;
    }

    /// <param name="script">The body of an async function; what it returns is reported.</param>
    public Uri Show(string script)
    {
        _html = $$"""
            <!doctype html><body><script>
            (async () => { try { return await (async () => { {{script}} })(); } catch (e) { return 'script failed: ' + e; } })()
                .then(report => fetch('/report', { method: 'POST', body: String(report) }));
            </script></body>
            """;
        return new Uri(Origin);
    }

    public Task<string> ReportAsync() => _report.Task.WaitAsync(TestTimeouts.Signal);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task ServeAsync(HttpContext context)
    {
        if (context.Request.Path == "/report")
        {
            using var reader = new StreamReader(context.Request.Body);
            _report.TrySetResult(await reader.ReadToEndAsync());
            return;
        }

        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.WriteAsync(_html);
    }
}
