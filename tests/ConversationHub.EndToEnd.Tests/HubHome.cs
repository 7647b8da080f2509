using ConversationHub.Testing;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests;

/// <summary>A home of its own for one hub: no port file, no configuration file, no key of whoever runs the tests.</summary>
internal sealed class HubHome : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Path => _folder.Path;

    /// <summary>How the real hub is started with these settings.</summary>
    public ProgramStart Start(string[] arguments, params (string Name, string Value)[] settings)
    {
        var start = new ProgramStart(BuiltPrograms.Hub, _folder.Path, arguments);
        return settings.Aggregate(start, (so, setting) => so.With(setting.Name, setting.Value));
    }

    /// <summary><c>serve</c> with these settings.</summary>
    public ProgramStart Serve(params (string Name, string Value)[] settings) => Start(["serve"], settings);

    /// <summary>What a local backend writes down of itself.</summary>
    public async Task WritePortFileAsync(int port)
    {
        var folder = System.IO.Path.Combine(Path, ".maestra");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(System.IO.Path.Combine(folder, "port"), $"{port}\n");
    }

    public void Dispose() => _folder.Dispose();
}
