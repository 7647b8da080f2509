namespace ConversationHub.Routing;

/// <summary>A target whose URL the owner set.</summary>
internal sealed class FixedLocator(Uri baseUrl) : ITargetLocator
{
    private readonly TargetEndpoint _endpoint = new(baseUrl);

    public TargetEndpoint? Known => _endpoint;

    public ValueTask<Located> LocateAsync(CancellationToken cancellationToken) => new(new Located(_endpoint, null));

    public void Forget()
    {
        // A set URL stays what it is.
    }
}
