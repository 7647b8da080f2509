using System.Text.Json;
using ConversationHub.Contracts;

namespace Maestra.Backend.Asks;

/// <summary>Checks the body of <c>POST /api/maestra/advisor/ask</c>; those of both earlier variants are taken (wire.md §3).</summary>
internal static class LegacyQuestion
{
    private static readonly SurfaceId Surface = SurfaceId.Parse("legacy_advisor");

    public static QuestionParse Parse(JsonElement body)
    {
        var fields = new FieldReader(body);
        var userId = fields.Optional("user_id");
        var sessionId = fields.Optional("session_id");
        var user = QuestionFields.User(fields, "user_id", userId ?? UserId.Anonymous.ToString());
        var conversation = QuestionFields.Conversation(fields, "session_id", sessionId) ?? ConversationId.Parse(WireFormat.DefaultSession);
        var message = Message(fields);
        var mode = fields.Optional("mode");
        if (mode is not (null or LegacyMode.Quick or LegacyMode.Deep))
            fields.Add(ValidationErrorType.LiteralError, $"Input should be '{LegacyMode.Quick}' or '{LegacyMode.Deep}'", "mode");
        var hints = fields.Strings("context_hints", WireLimits.ContextHints, WireLimits.ContextHintCharacters);
        var clientContext = fields.OptionalElement("client_context");
        if (fields.Errors.Count > 0)
            return new QuestionParse.Invalid(fields.Errors);

        var fingerprint = new QuestionFingerprint
        {
            ConversationId = sessionId,
            Endpoint = QuestionFingerprint.AdvisorEndpoint,
            Message = message,
            ModeHint = mode,
            SurfaceContext = null,
            SurfaceId = null,
            UserId = userId ?? UserId.Anonymous.ToString(),
        };
        return new QuestionParse.Valid(new Question
        {
            User = user,
            Surface = Surface,
            ConversationId = conversation,
            Message = message,
            ModeHint = mode ?? LegacyMode.Quick,
            Hints = hints,
            ClientContext = clientContext,
            Fingerprint = fingerprint.Compute(),
        });
    }

    /// <summary><c>message</c> wins over <c>question</c>; an empty one counts as none.</summary>
    private static string Message(FieldReader fields)
    {
        var message = fields.Optional("message");
        if (!string.IsNullOrEmpty(message))
            return QuestionFields.Message(fields, "message", message);
        var question = fields.Optional("question");
        if (!string.IsNullOrEmpty(question))
            return QuestionFields.Message(fields, "question", question);
        if (message is null && question is null && fields.Errors.All(error => error.Loc[^1] is not ("message" or "question")))
            fields.Add(ValidationErrorType.Missing, "Field required", "question");
        else if (message is not null || question is not null)
            fields.Add(ValidationErrorType.StringTooShort, "String should have at least 1 character", question is null ? "message" : "question");
        return "";
    }
}
