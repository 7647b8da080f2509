using ConversationHub.Contracts;
using ConversationHub.Mcp.Asking;
using ConversationHub.Mcp.Conversations;
using ConversationHub.Mcp.Logging;
using ConversationHub.Mcp.Prompts;
using ConversationHub.Mcp.Protocol;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Tools;
using ConversationHub.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Hosting;

/// <summary>What every command of the program is made of.</summary>
internal static class HubServices
{
    internal static IServiceCollection AddHub(this IServiceCollection services, HubSettings settings) => services
        .AddSingleton(settings)
        .AddSingleton(TimeProvider.System)
        .AddSingleton(static provider => new IdSource(provider.GetRequiredService<TimeProvider>()))
        .AddRouting(settings.Routing)
        .AddSingleton<KeptConversations>()
        .AddSingleton<QuestionGate>()
        .AddSingleton<QuestionAsker>()
        .AddSingleton<AskTool>()
        .AddSingleton<HealthTool>()
        .AddSingleton<LegacyAskTool>()
        .AddSingleton<ConversationSource>()
        .AddSingleton<ConversationResources>()
        .AddSingleton<ConversationPrompts>()
        .AddSingleton<ConversationCompletion>()
        .AddSingleton<HubFeatures>()
        .AddSingleton(static provider => new ToolDispatch(
            [
                provider.GetRequiredService<AskTool>(),
                provider.GetRequiredService<HealthTool>(),
                provider.GetRequiredService<LegacyAskTool>(),
            ],
            provider.GetRequiredService<ILogger<ToolDispatch>>()));

    /// <summary>Log lines on standard error. Of libraries only what an owner can act on.</summary>
    internal static ILoggingBuilder AddHubLogging(this ILoggingBuilder logging, HubSettings settings, TextWriter stderr) => logging
        .SetMinimumLevel(settings.LogLevel)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("System", LogLevel.Warning)
        .AddFilter("ModelContextProtocol", settings.LogLevel < LogLevel.Information ? settings.LogLevel : LogLevel.Warning)
        .AddProvider(new StderrLoggerProvider(stderr, TimeProvider.System, settings));
}
