namespace ConversationHub.Testing.WireMock;

/// <summary>How a response leaves, which WireMock.Net cannot be told: it has been decided on and is in the journal by then.</summary>
internal abstract record Delivery
{
    private Delivery()
    {
    }

    /// <summary>Not at all, for as long as the caller stays.</summary>
    public sealed record Silent : Delivery;

    /// <summary>Headers at once, then the body in equal parts over a time.</summary>
    public sealed record Dripping(int Parts, TimeSpan Total) : Delivery;

    /// <summary>The connection breaks instead.</summary>
    public sealed record Broken(WireMockFault Fault) : Delivery;
}
