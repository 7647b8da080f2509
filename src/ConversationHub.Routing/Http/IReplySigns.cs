namespace ConversationHub.Routing;

/// <summary>Told how a question fares on its way: one object for all that is told, since every question has one. Thread-safe.</summary>
internal interface IReplySigns
{
    /// <summary>The connection stands, and the question is about to be written.</summary>
    void Sending();

    /// <summary>A piece of a reply that is not streamed came.</summary>
    void Piece();

    /// <summary>An event of a streamed reply came.</summary>
    void Sign();
}
