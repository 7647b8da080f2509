using System.Text.Json.Nodes;
using ConversationHub.Testing.Network;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>What was seen of one question: by the caller, and by each backend.</summary>
/// <param name="Result">The result of the tool call.</param>
/// <param name="Took">From before the line of the call was written until its answer was read.</param>
/// <param name="HeldUp">How late the machine let other things happen since the budget was over (<see cref="ControlProgram"/>).</param>
/// <param name="Local">Every request the local backend read, in order.</param>
/// <param name="Cloud">Every request the cloud read, in order.</param>
/// <param name="Output">All of the hub's standard output.</param>
/// <param name="Log">All of the hub's standard error.</param>
/// <param name="StrayLines">What of the output is not MCP.</param>
internal sealed record WallReport(
    JsonObject Result,
    TimeSpan Took,
    TimeSpan HeldUp,
    IReadOnlyList<RecordedRequest> Local,
    IReadOnlyList<RecordedRequest> Cloud,
    string Output,
    string Log,
    IReadOnlyList<string> StrayLines)
{
    public static IReadOnlyList<RecordedRequest> Asks(IReadOnlyList<RecordedRequest> requests) =>
        [.. requests.Where(request => request.Path != "/health")];
}
