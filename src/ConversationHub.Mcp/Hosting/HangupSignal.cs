using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace ConversationHub.Mcp.Hosting;

/// <summary>
/// Ends the program in order when its terminal goes away. The host's console lifetime covers TERM, INT and QUIT; an
/// unhandled HUP would kill at once, without clean-up.
/// </summary>
internal sealed class HangupSignal(IHostApplicationLifetime lifetime) : IHostedService, IDisposable
{
    private PosixSignalRegistration? _registration;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registration = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
        {
            signal.Cancel = true;
            lifetime.StopApplication();
        });
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registration?.Dispose();
}
