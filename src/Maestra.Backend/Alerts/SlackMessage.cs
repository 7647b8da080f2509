using System.Text;
using System.Text.Json.Nodes;

namespace Maestra.Backend.Alerts;

/// <summary>An alert as Slack's incoming webhooks take it (wire.md §11). Pure.</summary>
internal static class SlackMessage
{
    private const string Footer = "Maestra Backend";

    public static byte[] Of(Alert alert, DateTimeOffset time) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["attachments"] = new JsonArray(new JsonObject
        {
            ["color"] = Colour(alert.Level),
            ["title"] = alert.Title,
            ["text"] = alert.Text,
            ["fields"] = new JsonArray(
            [
                .. alert.Fields.Select(static field => (JsonNode)new JsonObject { ["title"] = field.Title, ["value"] = field.Value, ["short"] = true }),
            ]),
            ["footer"] = Footer,
            ["ts"] = time.ToUnixTimeSeconds(),
        }),
    }.ToJsonString());

    private static string Colour(AlertLevel level) => level switch
    {
        AlertLevel.Info => "#36a64f",
        AlertLevel.Warning => "#ff9900",
        AlertLevel.Error => "#ff0000",
        _ => "#8b0000",
    };
}
