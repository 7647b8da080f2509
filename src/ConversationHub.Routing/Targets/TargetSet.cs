using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Routing;

/// <summary>The targets the owner's settings allow, in order, each with its board. A target that is left out has no board, so nothing can reach it.</summary>
internal sealed class TargetSet
{
    public TargetSet(RoutingOptions options, BackendClient client, TimeProvider time, ILogger<TargetSet> logger) =>
        All = [.. RoutePlan.Allowed(options, narrowed: null)
            .Select(name => new TargetBoard(name, LocatorOf(name, options, client, time), time, logger))];

    public ImmutableArray<TargetBoard> All { get; }

    /// <summary>The boards a question may use; empty when its route leaves none.</summary>
    public ImmutableArray<TargetBoard> For(RoutingOptions options, Route? narrowed)
    {
        if (narrowed is null)
            return All;
        var allowed = RoutePlan.Allowed(options, narrowed);
        return [.. All.Where(board => allowed.Contains(board.Name))];
    }

    private static ITargetLocator LocatorOf(TargetName name, RoutingOptions options, BackendClient client, TimeProvider time)
    {
        if ((name == TargetName.Local ? options.LocalUrl : options.CloudUrl) is not { } url)
            return new LocalDiscovery(client, options.PortFile, LocalDiscovery.UsualPorts, time);

        // A set URL stays what it is; but on the usual ports, where anybody may have been first, even a set one is asked who it is.
        return name == TargetName.Local && LocalDiscovery.IsUsual(url)
            ? new LocalDiscovery(client, portFile: null, [url.Port], time, url)
            : new FixedLocator(url);
    }
}
