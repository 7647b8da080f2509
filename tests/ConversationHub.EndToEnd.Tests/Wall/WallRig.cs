using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using ConversationHub.Testing.Backends;
using ConversationHub.Testing.Mcp;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>The published hub, as a process driven over stdio, between two backends on real sockets that are watched.</summary>
internal sealed class WallRig : IAsyncDisposable
{
    public const string Key = "mk_the-key-that-only-the-cloud-may-see";
    public const string Message = "the text that no log may hold";

    private readonly X509Certificate2 _certificate = SelfSignedCertificate.Create();
    private readonly Fault _local;
    private readonly Fault _cloud;
    private readonly Finding _finding;

    /// <param name="localPort">Where the local backend listens; 0: on a free port.</param>
    public WallRig(Fault? local = null, Fault? cloud = null, Finding finding = Finding.Named, int localPort = 0)
    {
        _finding = finding;
        _local = local ?? Faults.Fine;
        _cloud = cloud ?? Faults.Fine;
        Local = ScriptedBackend.Start("local", _local.SpeaksTls ? _certificate : null, localPort);
        Cloud = ScriptedBackend.Start("cloud", _cloud.SpeaksTls ? _certificate : null);
    }

    public ScriptedBackend Local { get; }

    public ScriptedBackend Cloud { get; }

    public HubHome Home { get; } = new();

    /// <summary>Arranges the faults and starts the hub. Settings given here outweigh the rig's own.</summary>
    public async Task<StdioMcpClient> StartAsync(int timeoutSeconds = 20, McpEra era = McpEra.Handshake, params (string Name, string Value)[] settings)
    {
        await _local.Arrange(Local);
        await _cloud.Arrange(Cloud);
        if (_finding == Finding.PortFile)
            await Home.WritePortFileAsync(Local.Proxy.Port);
        return await StdioMcpClient.StartAsync(
            Home.Serve([
                ("MAESTRA_LOCAL_URL", _finding == Finding.Named ? _local.UrlOf(Local).ToString() : ""),
                ("MAESTRA_CLOUD_URL", _cloud.UrlOf(Cloud).ToString()),
                ("MAESTRA_API_KEY", Key),
                ("MAESTRA_TIMEOUT_SECONDS", timeoutSeconds.ToString(CultureInfo.InvariantCulture)),
                .. settings,
            ]),
            era);
    }

    public async Task<WallReport> RunAsync(Scenario scenario)
    {
        await using var hub = await StartAsync(scenario.TimeoutSeconds, scenario.Era, scenario.Settings);
        if (scenario.Warm)
            await hub.CallToolAsync("maestra_health", new JsonObject { ["refresh"] = true });
        await hub.CompileAsync();
        await using var control = await ControlProgram.BesideAsync();
        var began = Stopwatch.GetTimestamp();
        var result = await hub.CallToolAsync(scenario.Tool, Question(Message, scenario.Route));
        var took = Stopwatch.GetElapsedTime(began);
        var heldUp = control.HeldUpSince(WallScore.DueAt(began, scenario.TimeoutSeconds));
        await hub.CloseAsync();
        return new WallReport(
            result,
            took,
            heldUp,
            Local.Proxy.Requests,
            Cloud.Proxy.Requests,
            string.Join('\n', hub.Program.Output.Snapshot()),
            hub.Program.ErrorText,
            hub.StrayLines);
    }

    public static JsonObject Question(string message = Message, string? route = null)
    {
        var question = new JsonObject { ["message"] = message };
        if (route is not null)
            question["route"] = route;
        return question;
    }

    public async ValueTask DisposeAsync()
    {
        await Local.DisposeAsync();
        await Cloud.DisposeAsync();
        Home.Dispose();
        _certificate.Dispose();
        Assert.Empty(Local.Proxy.Faults);
        Assert.Empty(Cloud.Proxy.Faults);
    }
}
