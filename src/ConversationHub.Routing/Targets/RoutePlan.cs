using System.Collections.Immutable;

namespace ConversationHub.Routing;

/// <summary>Decides which targets a question goes to. Pure.</summary>
internal static class RoutePlan
{
    /// <summary>The targets the owner's settings allow, in order. An argument may only leave some out.</summary>
    public static ImmutableArray<TargetName> Allowed(RoutingOptions options, Route? narrowed)
    {
        var cloudAllowed = options is { FallbackEnabled: true, CloudUrl: not null };
        var plan = ImmutableArray.CreateBuilder<TargetName>(2);
        if (options.Route != Route.CloudOnly && narrowed != Route.CloudOnly)
            plan.Add(TargetName.Local);
        if (cloudAllowed && options.Route != Route.LocalOnly && narrowed != Route.LocalOnly)
            plan.Add(TargetName.Cloud);
        return plan.ToImmutable();
    }

    /// <summary>Says why <see cref="Allowed"/> is empty, and what would change it.</summary>
    /// <param name="cause">Why it was narrowed; null: it was asked for.</param>
    public static string WhyEmpty(RoutingOptions options, Route? narrowed, string? cause = null)
    {
        var route = (narrowed ?? options.Route).ToWire();
        if (options.CloudUrl is null)
            return $"Route {route} needs a cloud backend, and MAESTRA_CLOUD_URL is not set.";
        if (!options.FallbackEnabled)
            return $"Route {route} needs the cloud backend, and MAESTRA_FALLBACK_ENABLED is false.";
        return cause is null
            ? $"Route {route} leaves no target: MAESTRA_ROUTE is {options.Route.ToWire()}."
            : $"The cloud was not asked: {cause}. MAESTRA_ROUTE is {options.Route.ToWire()}, so that no target is left.";
    }

    /// <summary>Says why the cloud is not among the targets; null when it is.</summary>
    /// <param name="cause">Why it was narrowed; null: it was asked for.</param>
    public static string? WhyCloudIsLeftOut(RoutingOptions options, Route? narrowed, string? cause = null)
    {
        if (Allowed(options, narrowed).Contains(TargetName.Cloud))
            return null;
        if (options.CloudUrl is null)
            return "There is no cloud backend to turn to: MAESTRA_CLOUD_URL is not set.";
        return options.FallbackEnabled
            ? $"The cloud was not asked: {cause ?? "the route is local-only"}."
            : "The cloud was not asked: MAESTRA_FALLBACK_ENABLED is false.";
    }
}
