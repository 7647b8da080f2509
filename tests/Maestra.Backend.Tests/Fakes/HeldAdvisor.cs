using ConversationHub.Testing;
using Maestra.Backend.Advisors;

namespace Maestra.Backend.Tests.Fakes;

/// <summary>A script for <see cref="ScriptedAdvisor"/> that holds each question until the test lets it go, and tells when it was cancelled.</summary>
internal sealed class HeldAdvisor
{
    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _cancelled = new(0);
    private readonly TaskCompletionSource<AdvisorOutcome> _release = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<AdvisorOutcome> RunAsync(AdvisorPrompt prompt, CancellationToken cancellationToken)
    {
        _asked.Release();
        try
        {
            return await _release.Task.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _cancelled.Release();
            throw;
        }
    }

    public void Release(string reply) => _release.TrySetResult(ScriptedAdvisor.Answer(reply));

    public async Task WaitUntilAskedAsync() => Assert.True(await _asked.WaitAsync(TestTimeouts.Signal), "The advisor was never asked.");

    public async Task WaitUntilCancelledAsync() => Assert.True(await _cancelled.WaitAsync(TestTimeouts.Signal), "The work was never cancelled.");
}
