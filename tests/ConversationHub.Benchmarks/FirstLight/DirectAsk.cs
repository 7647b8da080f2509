using System.Net.Http.Headers;

namespace ConversationHub.Benchmarks.FirstLight;

/// <summary>The question of these benchmarks, as arguments of the tool and sent without any MCP server between.</summary>
internal static class DirectAsk
{
    public const string Arguments = """{"message":"What changed in the parser?"}""";

    public static async Task SendAsync(HttpClient http, string backendUrl)
    {
        using var content = new ByteArrayContent("""{"user_id":"anonymous","surface_id":"benchmark","message":"What changed in the parser?"}"""u8.ToArray());
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var response = await http.PostAsync(new Uri($"{backendUrl}/api/maestra/core"), content);
        response.EnsureSuccessStatusCode();
        await response.Content.ReadAsByteArrayAsync();
    }
}
