using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Asks;

/// <summary>Checks the body of <c>POST /api/maestra/core</c> and of <c>POST /tgif/ask</c> (wire.md §2, §3).</summary>
internal static class CoreQuestion
{
    private const string FocusCoachMode = "focus_coach";
    private const string FocusCoachSurface = "tgif_brain";
    private const string FocusCoachEndpoint = "tgif";

    public static QuestionParse Parse(JsonElement body)
    {
        var fields = new FieldReader(body);
        return Finish(fields, QuestionFingerprint.CoreEndpoint, fields.Required("surface_id"), QuestionFields.ModeHint(fields, "mode_hint"));
    }

    /// <summary>The same with mode and surface forced; what was sent for them does not matter.</summary>
    public static QuestionParse ParseFocusCoach(JsonElement body) =>
        Finish(new FieldReader(body), FocusCoachEndpoint, FocusCoachSurface, FocusCoachMode);

    private static QuestionParse Finish(FieldReader fields, string endpoint, string? surfaceId, string? modeHint)
    {
        var userId = fields.Required("user_id");
        var conversationId = fields.Optional("conversation_id");
        var user = QuestionFields.User(fields, "user_id", userId);
        var surface = QuestionFields.Surface(fields, "surface_id", surfaceId);
        var conversation = QuestionFields.Conversation(fields, "conversation_id", conversationId);
        var message = QuestionFields.Message(fields, "message", fields.Required("message"));
        var context = Context(fields.OptionalObject("surface_context"));
        if (fields.Errors.Count > 0)
            return new QuestionParse.Invalid(fields.Errors);

        var fingerprint = new QuestionFingerprint
        {
            ConversationId = conversationId,
            Endpoint = endpoint,
            Message = message,
            ModeHint = modeHint,
            SurfaceContext = context,
            SurfaceId = surfaceId,
            UserId = userId!,
        };
        return new QuestionParse.Valid(new Question
        {
            User = user,
            Surface = surface,
            ConversationId = conversation,
            Message = message,
            ModeHint = modeHint,
            Context = context,
            Fingerprint = fingerprint.Compute(),
        });
    }

    private static SurfaceContext? Context(FieldReader? fields) => fields is null ? null : new SurfaceContext
    {
        FilePath = fields.OptionalCharacters("file_path", WireLimits.PathCharacters),
        Workspace = fields.OptionalCharacters("workspace", WireLimits.PathCharacters),
        ScreenContext = fields.OptionalBytes("screen_context", WireLimits.SelectionBytes),
        PageUrl = fields.OptionalCharacters("page_url", WireLimits.PageUrlCharacters),
        Selection = fields.OptionalBytes("selection", WireLimits.SelectionBytes),
    };
}
