namespace ConversationHub.Testing;

/// <summary>How long a test waits for something that must happen before it gives up. Nothing is ever expected to take this long.</summary>
public static class TestTimeouts
{
    /// <summary>For one signal: a request, a line of output, a process that ends.</summary>
    public static readonly TimeSpan Signal = TimeSpan.FromSeconds(60);
}
