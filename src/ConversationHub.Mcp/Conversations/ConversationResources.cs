using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Texts;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.Mcp.Conversations;

/// <summary>Answers <c>resources/list</c>, <c>resources/templates/list</c> and <c>resources/read</c>.</summary>
internal sealed class ConversationResources(ConversationSource source, ILogger<ConversationResources> logger)
{
    internal const string Markdown = "text/markdown";

    private const string Json = "application/json";

    private static readonly Resource List = new()
    {
        Uri = ConversationUri.List,
        Name = ResourceTexts.ListName,
        Title = ResourceTexts.ListTitle,
        Description = ResourceTexts.ListDescription,
        MimeType = Markdown,
    };

    private static readonly ResourceTemplate[] Templates =
    [
        Template(ConversationUri.OneTemplate, ResourceTexts.OneName, ResourceTexts.OneTitle, ResourceTexts.OneDescription),
        Template(ConversationUri.OlderTemplate, ResourceTexts.OlderName, ResourceTexts.OlderTitle, ResourceTexts.OlderDescription),
    ];

    /// <summary>The list of conversations, then the recent ones. When those cannot be had the first alone is listed; reading it tells why.</summary>
    internal async ValueTask<ListResourcesResult> ListAsync(RequestContext<ListResourcesRequestParams> request, CancellationToken cancellationToken)
    {
        List<Resource> resources = [List];
        try
        {
            var (page, _) = await source.ListAsync(ConversationSource.MaxListed, cancellationToken);
            resources.AddRange(page.Conversations.Where(summary => ConversationId.TryParse(summary.Id, out _)).Select(Describe));
        }
        catch (McpProtocolException unavailable)
        {
            McpTelemetry.ConversationsNotListed(logger, unavailable.Message);
        }

        return new ListResourcesResult { Resources = resources, TimeToLive = TimeSpan.Zero, CacheScope = CacheScope.Private };
    }

    internal static ValueTask<ListResourceTemplatesResult> ListTemplatesAsync(
        RequestContext<ListResourceTemplatesRequestParams> request, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ListResourceTemplatesResult { ResourceTemplates = [.. Templates] });

    internal async ValueTask<ReadResourceResult> ReadAsync(RequestContext<ReadResourceRequestParams> request, CancellationToken cancellationToken)
    {
        try
        {
            return new ReadResourceResult
            {
                Contents = [await ReadAsync(request.Params?.Uri, cancellationToken)],
                TimeToLive = TimeSpan.Zero,
                CacheScope = CacheScope.Private,
            };
        }
        catch (McpProtocolException error)
        {
            throw ResourceErrors.For(request.Server.NegotiatedProtocolVersion, error);
        }
    }

    /// <summary>One conversation as the content of a resource.</summary>
    /// <exception cref="McpProtocolException">There is no such conversation, or it cannot be read.</exception>
    internal async Task<TextResourceContents> ReadOneAsync(ConversationUri uri, CancellationToken cancellationToken)
    {
        var (excerpt, servedBy) = await source.ReadAsync(uri, cancellationToken);
        return Contents(uri, uri.AsJson
            ? JsonSerializer.Serialize(excerpt.Document, MaestraJson.Compact.ConversationDocument)
            : ConversationMarkdown.Of(excerpt, servedBy));
    }

    private async Task<TextResourceContents> ReadAsync(string? address, CancellationToken cancellationToken)
    {
        if (!ConversationUri.TryParse(address, out var uri))
            throw ResourceErrors.NotFound(address, ResourceTexts.NoSuchResource(address));
        return uri.Id is null ? await ReadListAsync(uri, cancellationToken) : await ReadOneAsync(uri, cancellationToken);
    }

    private async Task<TextResourceContents> ReadListAsync(ConversationUri uri, CancellationToken cancellationToken)
    {
        var (page, servedBy) = await source.ListAsync(ConversationSource.MaxListed, cancellationToken);
        return Contents(uri, uri.AsJson
            ? JsonSerializer.Serialize(page, MaestraJson.Compact.ConversationPage)
            : ConversationMarkdown.Of(page, servedBy));
    }

    private static TextResourceContents Contents(ConversationUri uri, string text) =>
        new() { Uri = uri.ToString(), MimeType = uri.AsJson ? Json : Markdown, Text = text };

    private static Resource Describe(ConversationSummary summary) => new()
    {
        Uri = $"{ConversationUri.List}/{summary.Id}",
        Name = summary.Id,
        Title = ConversationMarkdown.Topic(summary.Topic),
        Description = ConversationMarkdown.Describe(summary),
        MimeType = Markdown,
        Annotations = new Annotations { LastModified = summary.UpdatedAt },
    };

    private static ResourceTemplate Template(string uri, string name, string title, string description) =>
        new() { UriTemplate = uri, Name = name, Title = title, Description = description, MimeType = Markdown };
}
