using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;
using Maestra.Backend.Tests.Tokens;

namespace Maestra.Backend.Tests.Attacks;

/// <summary>The table of attacks (issue 6): nothing succeeds, nothing crashes, each is answered with the right status. On a real socket, byte for byte.</summary>
public sealed class AttackTests
{
    private const int MinRows = 200;
    private const int AtOnce = 8;

    [Fact]
    public async Task Local_EveryRow_IsAnsweredAsItMust_T56_T61()
    {
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.CorsOrigins, "https://listed.example"));
        var to = new AttackWriter("127.0.0.1", key: "");

        await AssertAllAsync(backend, [.. CommonAttacks.Rows(to), .. LocalAttacks.Rows(to)], key: null);
    }

    [Fact]
    public async Task Cloud_EveryRow_IsAnsweredAsItMust_T9_T56_T69()
    {
        await using var backend = await TestBackend.StartCloudOverStoreAsync(
            (SettingNames.TrustedProxies, "127.0.0.1"), (SettingNames.RateLimitRequests, "1000000"),
            (SettingNames.JwtSecretKey, TokenForge.Secret), (SettingNames.JwtIssuer, TokenForge.Issuer), (SettingNames.JwtAudience, TokenForge.Audience));
        await backend.AskAsync(TestBackend.Question(conversation: "bobs", user: "bob"), key: TestBackend.BobKey);
        var to = new AttackWriter("maestra.example", TestBackend.AdaKey);

        await AssertAllAsync(backend, [.. CommonAttacks.Rows(to), .. CloudAttacks.Rows(to)], TestBackend.AdaKey);

        var bobs = await backend.GetAsync("/conversations/bobs", TestBackend.BobKey);
        Assert.Equal((HttpStatusCode.OK, 2), (bobs.Status, bobs.Json["messages"]!.AsArray().Count));
    }

    private static async Task AssertAllAsync(TestBackend backend, IReadOnlyList<AttackRow> rows, string? key)
    {
        Assert.InRange(rows.Count, MinRows, int.MaxValue);
        var wrong = new List<string>();
        using var places = new SemaphoreSlim(AtOnce);
        await Task.WhenAll(rows.Select(async row =>
        {
            await places.WaitAsync();
            try
            {
                var answer = await SendAsync(backend, row.Request);
                if (Judge(row, answer) is { } mistake)
                {
                    lock (wrong)
                        wrong.Add($"{row.Name}: {mistake}");
                }
            }
            finally
            {
                places.Release();
            }
        }));

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {rows.Count} rows:\n{string.Join('\n', wrong.Order(StringComparer.Ordinal))}");
        // What was stored is what was meant to be, each message in a conversation of its own.
        var stored = await backend.GetAsync("/conversations?limit=200", key);
        Assert.Equal(
            rows.Count(static row => row.Expected == "200" && row.Request.StartsWith("POST", StringComparison.Ordinal)),
            stored.Json["conversations"]!.AsArray().Count(static one => (int)one!["message_count"]! == 2));
        Assert.Equal(HttpStatusCode.OK, (await backend.GetAsync("/health", headers: ("Host", "127.0.0.1"))).Status);
        Assert.DoesNotContain("crashed", backend.Log, StringComparison.Ordinal);
        // Nothing that came in became a line, a control character or a secret of the log.
        Assert.DoesNotContain(backend.Log, static letter => char.IsControl(letter) && letter is not ('\n' or '\r'));
        Assert.DoesNotContain("INJECTED", backend.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(TestBackend.AdaKey, backend.Log, StringComparison.OrdinalIgnoreCase);
    }

    /// <returns>Null when the answer is one that the row allows.</returns>
    private static string? Judge(AttackRow row, string answer)
    {
        var space = answer.IndexOf(' ', StringComparison.Ordinal);
        if (!answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal))
            return row.Expected.EndsWith("closed", StringComparison.Ordinal) ? null : $"no answer, expected {row.Expected}";
        var status = answer.Substring(space + 1, 3);
        var split = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        var (head, body) = split < 0 ? (answer, "") : (answer[..split], answer[(split + 4)..]);
        var start = body.IndexOf('{', StringComparison.Ordinal);
        var code = status != "200" && start >= 0 ? (string?)JsonNode.Parse(body[start..(body.LastIndexOf('}') + 1)])?["code"] : null;
        var told = code is null ? status : $"{status} {code}";
        if (!row.Expected.Split('|').Contains(told))
            return $"{told}, expected {row.Expected}";
        if (code is not null && !head.Contains("nosniff", StringComparison.OrdinalIgnoreCase))
            return "without nosniff";
        if (status == "200" && !head.Contains("Content-Type: application/json", StringComparison.OrdinalIgnoreCase))
            return "told as something else than JSON";
        if (head.Contains("Access-Control-Allow", StringComparison.OrdinalIgnoreCase) || head.Contains("INJECTED", StringComparison.Ordinal))
            return "grants or echoes";
        return status != "200" && (body.Contains("   at ", StringComparison.Ordinal) || body.Contains("Exception", StringComparison.Ordinal) || body.Contains("/work/", StringComparison.Ordinal))
            ? "tells of its inside"
            : null;
    }

    private static async Task<string> SendAsync(TestBackend backend, string request)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, backend.Url.Port);
        var answer = new StringBuilder();
        try
        {
            var sending = socket.SendAsync(Encoding.Latin1.GetBytes(request));
            var buffer = new byte[16 * 1024];
            while (await socket.ReceiveAsync(buffer).WaitAsync(TestTimeouts.Signal) is > 0 and var read)
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            await sending;
        }
        catch (SocketException)
        {
            // Closed while the rest was still being sent: what was answered until then counts.
        }

        return answer.ToString();
    }
}
