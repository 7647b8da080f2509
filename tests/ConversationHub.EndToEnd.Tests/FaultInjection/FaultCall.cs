using System.Globalization;
using System.Text.Json.Nodes;

namespace ConversationHub.EndToEnd.Tests.FaultInjection;

/// <summary>One of the calls: which tool, by which hub, and when its caller has had enough. Drawn from its number and the seed. Pure.</summary>
internal sealed record FaultCall(int Number, bool Legacy, bool Hedged, CallEnd End)
{
    private const int CallsPerConversation = 200;
    private const int LegacyPercent = 20;
    private const int HedgedPercent = 35;
    private const int CancelledAtOncePercent = 4;
    private const int CancelledOnArrivalPercent = 11;

    public string Message { get; } = string.Create(CultureInfo.InvariantCulture, $"What came of part {Number}?");

    public string Tool => Legacy ? "maestra_legacy_ask" : "maestra_ask";

    public JsonObject Arguments => Legacy
        ? new JsonObject { ["question"] = Message, ["session_id"] = Conversation(Number / CallsPerConversation) }
        : new JsonObject { ["message"] = Message, ["conversation_id"] = Conversation(Number / CallsPerConversation) };

    public static FaultCall Draw(int number, int seed)
    {
        var random = new Random(HashCode(seed, number));
        var (legacy, hedged, end) = (random.Next(100) < LegacyPercent, random.Next(100) < HedgedPercent, random.Next(100));
        return new FaultCall(number, legacy, hedged, end switch
        {
            < CancelledAtOncePercent => CallEnd.CancelledAtOnce,
            < CancelledAtOncePercent + CancelledOnArrivalPercent => CallEnd.CancelledOnArrival,
            _ => CallEnd.Answered,
        });
    }

    /// <summary>Every conversation that this many calls may stand in.</summary>
    public static IReadOnlyList<string> Conversations(int calls) => [.. Enumerable.Range(0, (calls / CallsPerConversation) + 1).Select(Conversation)];

    private static string Conversation(int number) => string.Create(CultureInfo.InvariantCulture, $"fault-{number}");

    // Not System.HashCode, which differs from process to process: a seed must replay.
    private static int HashCode(int seed, int number) => unchecked((seed * 486_187_739) + (number * 16_777_619));
}

/// <summary>When the caller stops waiting.</summary>
internal enum CallEnd
{
    Answered,

    /// <summary>Right after it was sent.</summary>
    CancelledAtOnce,

    /// <summary>When it has arrived at a backend's wire.</summary>
    CancelledOnArrival,
}
