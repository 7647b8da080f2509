namespace ConversationHub.Testing.Network;

/// <summary>The client ended the connection. Thrown to leave a behaviour; it never reaches a test.</summary>
public sealed class ClientGoneException() : IOException("The client ended the connection.");
