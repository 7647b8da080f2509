namespace ConversationHub.Testing.Network;

/// <summary>What a <see cref="ChaosProxy"/> does with one exchange. The ready-made ones are in <see cref="Chaos"/>.</summary>
/// <param name="Name">Shown when a test fails.</param>
/// <param name="ReadsRequest">Whether the request is read, and so recorded, before <paramref name="RunAsync"/> is called.</param>
/// <param name="RunAsync">Does it. The token is cancelled when the proxy is disposed or drops its connections.</param>
public sealed record ChaosBehaviour(string Name, bool ReadsRequest, Func<ChaosExchange, CancellationToken, Task> RunAsync)
{
    public override string ToString() => Name;
}
