using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using Maestra.Backend.Tests.Fakes;
using Xunit.Abstractions;

namespace Maestra.Backend.Tests.Processes;

/// <summary>
/// The real program on a disk of 8 MiB that runs full, with everything it writes on it: log, files beside it, index, audit, metrics, port file.
/// Only root may mount such a disk; elsewhere the same is held by stand-ins (StoreQuestionTests, FolderWatchTests), and the output says so, unless no test may be skipped.
/// </summary>
public sealed class FullDiskTests(ITestOutputHelper output) : IDisposable
{
    private const int Bytes = 8 << 20;

    private readonly TemporaryFolder _folder = new();
    private readonly HttpClient _client = new() { Timeout = TestTimeouts.Signal };

    public void Dispose()
    {
        _client.Dispose();
        _folder.Dispose();
    }

    /// <summary>Issue 3, 1: refused with a clear cause, reads go on, and it works again when there is room, without a restart.</summary>
    [Fact]
    public async Task Serve_DiskIsFull_RefusesWith507AndGoesOnWhenThereIsRoom()
    {
        var disk = _folder.Combine("disk");
        Directory.CreateDirectory(disk);
        if (!OperatingSystem.IsLinux() || await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Bytes}", "tmpfs", disk) is { } refused)
        {
            Assert.False(OperatingSystem.IsLinux() && TestSkips.AreForbidden, "No disk of 8 MiB can be mounted here; root can.");
            output.WriteLine("No disk of 8 MiB can be mounted here; a full disk is tested with stand-ins only.");
            return;
        }

        try
        {
            await RunFullAsync(disk);
        }
        finally
        {
            await RunAsync("umount", "--lazy", disk);
        }
    }

    private async Task RunFullAsync(string disk)
    {
        await using (var backend = await BackendProcess.StartAsync("local", disk))
        {
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(backend.Url, "before", Large('a'))).Status);
            Fill(Path.Combine(disk, "ballast"));

            // Some of them, because the log, the files beside it, the audit and the metrics fail each in its own time.
            for (var n = 0; n < 5; n++)
            {
                var (status, problem) = await AskAsync(backend.Url, "full", Large('b'));
                Assert.Equal((507, "store_unavailable", "The disk of the store is full."), ((int)status, (string?)problem["code"], (string?)problem["detail"]));
                Assert.Equal(2, (await GetAsync(backend.Url, "/conversations/before"))["messages"]!.AsArray().Count);
            }

            Assert.Single((await GetAsync(backend.Url, "/conversations"))["conversations"]!.AsArray());
            Assert.NotNull(await GetAsync(backend.Url, "/conversations/search?q=before"));
            Assert.NotNull(await GetAsync(backend.Url, "/conversations/before/export"));
            var health = await GetAsync(backend.Url, "/health", HttpStatusCode.ServiceUnavailable);
            Assert.Equal(("unhealthy", "unhealthy"), ((string?)health["status"], (string?)health["dependencies"]!["conversation_hub"]));

            File.Delete(Path.Combine(disk, "ballast"));
            Assert.Equal(HttpStatusCode.OK, (await AskAsync(backend.Url, "again", Large('c'))).Status);
            Assert.Equal("healthy", (string?)(await GetAsync(backend.Url, "/health"))["dependencies"]!["conversation_hub"]);
            Assert.Equal(0, await backend.StopAsync());
        }

        var verified = await RunningProgram.RunAsync(new ProgramStart(BuiltPrograms.Backend, disk, "store", "verify")
            .With("CONVERSATION_HUB_ROOT", Path.Combine(disk, "conversations")));
        Assert.True(verified.ExitCode == 0, string.Join('\n', verified.Output.Concat(verified.Error)));
        Assert.Contains("2 conversations", string.Join('\n', verified.Output), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(disk, "conversations", "again.json")));
    }

    /// <summary>Does not fit into what a page of the disk has left.</summary>
    private static string Large(char of) => new(of, 100_000);

    private static void Fill(string path)
    {
        using var ballast = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        var piece = new byte[4096];
        for (var at = 0L; at < 2 * Bytes; at += piece.Length)
        {
            try
            {
                RandomAccess.Write(ballast, piece, at);
            }
            catch (IOException)
            {
                return;
            }
        }

        Assert.Fail("The disk took twice its size.");
    }

    private async Task<(HttpStatusCode Status, JsonObject Body)> AskAsync(Uri url, string conversation, string message)
    {
        using var body = new StringContent(TestBackend.Question(message, conversation), Encoding.UTF8, "application/json");
        using var response = await _client.PostAsync(new Uri(url, "/api/maestra/core"), body);
        return (response.StatusCode, JsonNode.Parse(await response.Content.ReadAsStringAsync())!.AsObject());
    }

    private async Task<JsonObject> GetAsync(Uri url, string path, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await _client.GetAsync(new Uri(url, path));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == expected, $"{path}: {response.StatusCode} {text}");
        return JsonNode.Parse(text)!.AsObject();
    }

    /// <returns>Null when it ended with 0.</returns>
    private static async Task<string?> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var error = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? null : $"{process.ExitCode} {error}";
        }
        catch (Win32Exception absent)
        {
            return absent.Message;
        }
    }
}
