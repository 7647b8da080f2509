using System.Collections.Concurrent;
using System.Collections.Specialized;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using WireMock.Logging;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Settings;
using Xunit;
using Server = WireMock.Server.WireMockServer;

namespace ConversationHub.Testing.WireMock;

/// <summary>
/// A WireMock.Net server of its own on a free loopback port, for use as <c>IClassFixture&lt;WireMockServer&gt;</c>.
/// The latest stub for a method and path counts.
/// </summary>
public sealed class WireMockServer : IAsyncLifetime
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<(string Method, string Path), Guid> _stubs = new();
    private readonly ConcurrentDictionary<(string Method, string Path), Delivery> _deliveries = new();
    private volatile Journal<WireMockRequest> _journal = new();
    private Server? _server;

    public Uri Url => new(Running.Url!);

    /// <summary>What reached it since the last <see cref="Reset"/>, oldest first. A request is here before it is answered.</summary>
    public IReadOnlyList<WireMockRequest> Requests => _journal.Snapshot();

    private Server Running => _server ?? throw new InvalidOperationException("WireMock has not been started.");

    public async Task InitializeAsync()
    {
        var middleware = new DeliveryMiddleware((method, path) => _deliveries.GetValueOrDefault((method, path)), _stopping.Token);
        _server = Server.Start(new WireMockServerSettings
        {
            Urls = ["http://127.0.0.1:0"],
            PreWireMockMiddlewareInit = application => ((IApplicationBuilder)application).Use(middleware.InvokeAsync),
        });
        // What is compiled at the first request must not be on a test's clock.
        using (var client = new HttpClient { Timeout = TestTimeouts.Signal })
        using (await client.GetAsync(Url))
            _server.Reset();
        _server.LogEntriesChanged += Remember;
    }

    public async Task DisposeAsync()
    {
        await _stopping.CancelAsync();
        _server?.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Forgets all stubs and the journal.</summary>
    public void Reset()
    {
        _deliveries.Clear();
        Running.Reset();
        _journal = new Journal<WireMockRequest>();
    }

    /// <summary>The <paramref name="number"/>-th request (from 1) since the last <see cref="Reset"/>, now or as soon as there is one.</summary>
    /// <exception cref="TimeoutException">It did not come within <see cref="TestTimeouts.Signal"/>.</exception>
    public Task<WireMockRequest> RequestAsync(int number) => _journal.ItemAsync(number);

    /// <summary>Answers <paramref name="method"/> <paramref name="path"/> (any query) with a JSON body.</summary>
    public void Stub(string method, string path, int status, JsonNode body, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(body);
        StubText(method, path, status, body.ToJsonString(), "application/json", headers);
    }

    /// <summary>Answers with any text.</summary>
    public void StubText(string method, string path, int status, string body, string mediaType, params (string Name, string Value)[] headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        var response = Response.Create().WithStatusCode(status).WithHeader("Content-Type", mediaType).WithBody(body);
        foreach (var (name, value) in headers)
            response = response.WithHeader(name, value);
        Stub(method, path, response, delivery: null);
    }

    /// <summary>Answers with a JSON body that comes in <paramref name="parts"/> over <paramref name="total"/>.</summary>
    public void StubDripping(string method, string path, JsonNode body, int parts, TimeSpan total)
    {
        ArgumentNullException.ThrowIfNull(body);
        var response = Response.Create().WithStatusCode(200).WithHeader("Content-Type", "application/json").WithBody(body.ToJsonString());
        Stub(method, path, response, new Delivery.Dripping(parts, total));
    }

    /// <summary>Takes the request and never answers.</summary>
    public void StubSilence(string method, string path) => Stub(method, path, Response.Create(), new Delivery.Silent());

    /// <summary>Takes the request and breaks the connection.</summary>
    public void StubFault(string method, string path, WireMockFault fault) => Stub(method, path, Response.Create(), new Delivery.Broken(fault));

    private void Stub(string method, string path, IResponseBuilder response, Delivery? delivery)
    {
        if (delivery is null)
            _deliveries.TryRemove((method, path), out _);
        else
            _deliveries[(method, path)] = delivery;

        // The same id each time: a second stub takes the place of the first.
        var id = _stubs.GetOrAdd((method, path), _ => Guid.NewGuid());
        Running.Given(Request.Create().UsingMethod(method).WithPath(path)).WithGuid(id).RespondWith(response);
    }

    private void Remember(object? sender, NotifyCollectionChangedEventArgs change)
    {
        foreach (var entry in change.NewItems?.OfType<ILogEntry>() ?? [])
            _journal.Add(WireMockRequest.Read(entry.RequestMessage));
    }
}
