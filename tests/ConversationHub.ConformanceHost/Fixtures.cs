using System.Text;
using ModelContextProtocol.Protocol;

namespace ConversationHub.ConformanceHost;

/// <summary>What several fixtures give.</summary>
internal static class Fixtures
{
    /// <summary>One red pixel, in base64.</summary>
    internal static byte[] Png { get; } =
        Encoding.UTF8.GetBytes("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==");

    /// <summary>A WAV file without a sound, in base64.</summary>
    internal static byte[] Wav { get; } =
        Encoding.UTF8.GetBytes("UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=");

    internal static TextContentBlock Block(string text) => new() { Text = text };

    internal static InputRequest Elicit(string message, string field) => Elicit(message, field, new ElicitRequestParams.StringSchema());

    internal static InputRequest Elicit(string message, string field, ElicitRequestParams.PrimitiveSchemaDefinition schema) =>
        InputRequest.ForElicitation(new ElicitRequestParams
        {
            Message = message,
            RequestedSchema = new ElicitRequestParams.RequestSchema
            {
                Properties = new Dictionary<string, ElicitRequestParams.PrimitiveSchemaDefinition> { [field] = schema },
                Required = [field],
            },
        });

    internal static InputRequest Sample(string question) => InputRequest.ForSampling(new CreateMessageRequestParams
    {
        Messages = [new SamplingMessage { Role = Role.User, Content = [Block(question)] }],
        MaxTokens = 100,
    });

    internal static InputRequest Roots() => InputRequest.ForRootsList(new ListRootsRequestParams());
}
