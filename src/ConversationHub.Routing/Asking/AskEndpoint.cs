namespace ConversationHub.Routing;

/// <summary>Which of the backend's two questions is asked; it decides the path and what a good answer looks like.</summary>
public enum AskEndpoint
{
    /// <summary><c>POST /api/maestra/core</c>; answered by an envelope.</summary>
    Core,

    /// <summary><c>POST /api/maestra/advisor/ask</c>; answered by a legacy response.</summary>
    Legacy,
}
