using ConversationHub.Contracts;
using Maestra.Backend.Costs;

namespace Maestra.Backend.Providers;

/// <summary>Log lines about models and what they cost. Event ids 1550–1599.</summary>
internal static partial class ProviderTelemetry
{
    [LoggerMessage(1550, LogLevel.Warning, "{Limit} cost limit of {LimitUsd} USD stands before {Provider} (operation {OperationId})")]
    public static partial void CostLimitReached(this ILogger logger, OperationId operationId, string provider, CostLimitKind limit, decimal limitUsd);

    [LoggerMessage(1551, LogLevel.Error, "{Provider} was not asked, since its cost cannot be written down: {Reason} (operation {OperationId})")]
    public static partial void CostsUnavailable(this ILogger logger, OperationId operationId, string provider, string reason);

    [LoggerMessage(1552, LogLevel.Warning, "The {ReservedUsd} USD set aside for {Provider} go on counting as spent: {Reason} (operation {OperationId})")]
    public static partial void CostNotSettled(this ILogger logger, OperationId operationId, string provider, decimal reservedUsd, string reason);

    [LoggerMessage(1553, LogLevel.Information, "Models, in the order in which they are asked: {Models}")]
    public static partial void ModelsChosen(this ILogger logger, string models);

    [LoggerMessage(1554, LogLevel.Information, "Prompts replaced by files: {Prompts}")]
    public static partial void PromptsReplaced(this ILogger logger, string prompts);

    [LoggerMessage(1555, LogLevel.Error, "Prompt file: {Reason}")]
    public static partial void PromptRefused(this ILogger logger, string reason);
}
