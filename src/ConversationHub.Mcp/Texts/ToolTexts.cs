using ModelContextProtocol.Protocol;

namespace ConversationHub.Mcp.Texts;

/// <summary>What a model and a person read about the server and its tools.</summary>
internal static class ToolTexts
{
    internal const string AskName = "maestra_ask";
    internal const string HealthName = "maestra_health";
    internal const string LegacyAskName = "maestra_legacy_ask";

    internal const string AskTitle = "Ask Maestra";
    internal const string HealthTitle = "Maestra health";
    internal const string LegacyAskTitle = "Ask Maestra (legacy form)";

    internal const string ServerTitle = "Maestra conversation hub";

    internal const string Instructions =
        """
        Maestra is the assistant that this person's tools share; it remembers conversations across them.
        Use maestra_ask for a question to it. To go on with a conversation, pass the conversation_id of the last result; without one a new conversation begins.
        Questions go to the backend on this machine first, and to the cloud only when the owner allows it and the local one does not answer. Every result says who answered.
        A call is a new question each time: do not repeat one that may have run without looking at its conversation.
        If a question fails, maestra_health says what is down.
        """;

    internal const string AskDescription =
        """
        Ask Maestra, the assistant this person's tools share, and get one complete answer. It knows the earlier messages of the conversation.
        Pass conversation_id from an earlier result to continue that conversation; leave it out to begin one.
        The text is sent to the backend on this machine first, and to the cloud backend only if the owner allows it and the local one does not answer.
        The result names who answered, each attempt, and whether the question may have run more than once.
        """;

    internal const string HealthDescription =
        """
        Tell which Maestra backends are up, which one the next question goes to, and why one is left out. Asks nothing and changes nothing.
        Answers are at most 30 s old; set refresh to ask again.
        """;

    internal const string LegacyAskDescription =
        """
        Ask through the earlier advisor interface, for callers that keep a session_id instead of a conversation_id. Prefer maestra_ask.
        Give the question as question or message; one of them is required. mode deep is for questions that need thought; the time is the same for both, and longer where the client shows progress.
        The text is sent to the backend on this machine first, and to the cloud backend only if the owner allows it and the local one does not answer.
        """;

    /// <summary>A question changes the conversation, destroys nothing, and asked twice it is two questions.</summary>
    internal static ToolAnnotations Asking(string title) => new()
    {
        Title = title,
        ReadOnlyHint = false,
        DestructiveHint = false,
        IdempotentHint = false,
        OpenWorldHint = true,
    };

    internal static ToolAnnotations Reading(string title) => new()
    {
        Title = title,
        ReadOnlyHint = true,
        DestructiveHint = false,
        IdempotentHint = true,
        OpenWorldHint = true,
    };
}
