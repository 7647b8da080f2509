namespace ConversationHub.Routing.Tests.Targets;

public sealed class RoutePlanTests
{
    private static readonly Uri Cloud = new("https://maestra.example.com");

    [Theory]
    [InlineData(Route.LocalFirst, true, true, null, "Local,Cloud")]
    [InlineData(Route.LocalFirst, true, false, null, "Local")]
    [InlineData(Route.LocalFirst, false, true, null, "Local")]
    [InlineData(Route.LocalOnly, true, true, null, "Local")]
    [InlineData(Route.CloudOnly, true, true, null, "Cloud")]
    [InlineData(Route.CloudOnly, false, true, null, "")]
    [InlineData(Route.LocalFirst, true, true, Route.LocalOnly, "Local")]
    [InlineData(Route.LocalFirst, true, true, Route.CloudOnly, "Cloud")]
    [InlineData(Route.LocalFirst, false, true, Route.CloudOnly, "")]
    [InlineData(Route.LocalOnly, true, true, Route.LocalFirst, "Local")]
    [InlineData(Route.LocalOnly, true, true, Route.CloudOnly, "")]
    [InlineData(Route.CloudOnly, true, true, Route.LocalFirst, "Cloud")]
    [InlineData(Route.CloudOnly, true, true, Route.LocalOnly, "")]
    public void Allowed_ArgumentOnlyNarrows(Route route, bool fallback, bool hasCloud, Route? narrowed, string expected)
    {
        var options = new RoutingOptions { Route = route, FallbackEnabled = fallback, CloudUrl = hasCloud ? Cloud : null };

        var plan = RoutePlan.Allowed(options, narrowed);

        Assert.Equal(expected, string.Join(',', plan));
        Assert.Equal(plan.Contains(TargetName.Cloud), RoutePlan.WhyCloudIsLeftOut(options, narrowed) is null);
        if (plan.IsEmpty)
            Assert.NotEmpty(RoutePlan.WhyEmpty(options, narrowed));
    }

    [Fact]
    public void WhyEmpty_FallbackOff_NamesTheSetting() =>
        Assert.Contains(
            "MAESTRA_FALLBACK_ENABLED is false",
            RoutePlan.WhyEmpty(new RoutingOptions { FallbackEnabled = false, CloudUrl = Cloud }, Route.CloudOnly),
            StringComparison.Ordinal);
}
