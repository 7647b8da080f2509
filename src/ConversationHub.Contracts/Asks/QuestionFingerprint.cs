using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace ConversationHub.Contracts;

/// <summary>
/// Tells whether two requests with one operation id ask the same: hex SHA-256 of the canonical JSON
/// of what was asked (wire.md §2, Replay). What an endpoint lacks is null.
/// </summary>
public sealed record QuestionFingerprint
{
    public const string CoreEndpoint = "core";
    public const string AdvisorEndpoint = "advisor";

    /// <summary>As sent; null when absent.</summary>
    public required string? ConversationId { get; init; }

    /// <summary><c>core</c> or <c>advisor</c>.</summary>
    public required string Endpoint { get; init; }

    public required string Message { get; init; }

    public required string? ModeHint { get; init; }

    public required SurfaceContext? SurfaceContext { get; init; }

    public required string? SurfaceId { get; init; }

    public required string UserId { get; init; }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public string Compute()
    {
        var context = SurfaceContext ?? new SurfaceContext();
        var canonical = CanonicalJson.Serialize(new JsonObject
        {
            ["conversation_id"] = ConversationId,
            ["endpoint"] = Endpoint,
            ["message"] = Message,
            ["mode_hint"] = ModeHint,
            ["surface_context"] = new JsonObject
            {
                ["file_path"] = context.FilePath,
                ["workspace"] = context.Workspace,
                ["screen_context"] = context.ScreenContext,
                ["page_url"] = context.PageUrl,
                ["selection"] = context.Selection,
            },
            ["surface_id"] = SurfaceId,
            ["user_id"] = UserId,
        });
        return Convert.ToHexStringLower(SHA256.HashData(canonical));
    }
}
