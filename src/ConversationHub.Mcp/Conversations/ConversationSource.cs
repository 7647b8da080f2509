using ConversationHub.Contracts;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Texts;
using ConversationHub.Routing;
using ModelContextProtocol;

namespace ConversationHub.Mcp.Conversations;

/// <summary>Reads conversations for this hub's user. What cannot be read is a JSON-RPC error that says why.</summary>
internal sealed class ConversationSource(IConversationReader reader, HubSettings settings)
{
    /// <summary>Conversations in a list.</summary>
    internal const int MaxListed = 50;

    /// <summary>Null without a setting: the hub's user is then whoever the backend takes it for.</summary>
    private readonly UserId? _user =
        UserId.TryParse(settings.UserId, out var user) && user != UserId.Anonymous ? user : null;

    /// <exception cref="McpProtocolException">It cannot be read.</exception>
    internal async Task<(ConversationPage Page, TargetName ServedBy)> ListAsync(int limit, CancellationToken cancellationToken)
    {
        var read = await reader.ListAsync(_user, limit, cancellationToken);
        return read.Value is { } page
            ? (page, read.ServedBy!.Value)
            : throw new McpProtocolException(ResourceTexts.NotRead(read.Error!), McpErrorCode.InternalError);
    }

    /// <exception cref="McpProtocolException">There is no such conversation, or it cannot be read.</exception>
    internal async Task<(ConversationExcerpt Excerpt, TargetName ServedBy)> ReadAsync(
        ConversationUri uri, CancellationToken cancellationToken)
    {
        var id = uri.Id!.Value;
        var read = await reader.ReadAsync(id, _user, ConversationExcerpt.MaxMessages, uri.Before, cancellationToken);
        if (read.Value is { } document)
            return (ConversationExcerpt.Of(document, uri.AsJson), read.ServedBy!.Value);
        throw read.Error!.Code is ProblemCode.ConversationNotFound or ProblemCode.ConversationErased or ProblemCode.NotFound
            ? ResourceErrors.NotFound(uri.ToString(), ResourceTexts.NotKnown(id.ToString(), read.Error))
            : new McpProtocolException(ResourceTexts.NotRead(read.Error), McpErrorCode.InternalError);
    }
}
