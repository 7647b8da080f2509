using ConversationHub.Testing.Processes;

namespace ConversationHub.Testing.WireMock;

/// <summary>Puts the WireMock of <c>tests/wiremock/package.json</c> into <c>artifacts/wiremock</c>, once, however many test processes ask at the same time.</summary>
internal static class WireMockInstallation
{
    private const int MaxLockTries = 1_200;
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);
    private static readonly string Folder = RepositoryRoot.Combine("artifacts", "wiremock");

    /// <summary>The path of the jar.</summary>
    /// <exception cref="InvalidOperationException">npm failed; its words are in the message.</exception>
    public static async Task<string> EnsureAsync()
    {
        Directory.CreateDirectory(Folder);
        await using var held = await LockAsync(Path.Combine(Folder, "install.lock"));
        var manifest = await File.ReadAllTextAsync(RepositoryRoot.Combine("tests", "wiremock", "package.json"));
        // Written last, so that an install that was cut short is begun again.
        var marker = Path.Combine(Folder, "installed.json");
        if (!File.Exists(marker) || await File.ReadAllTextAsync(marker) != manifest)
        {
            await InstallAsync();
            await File.WriteAllTextAsync(marker, manifest);
        }

        return Directory.GetFiles(Path.Combine(Folder, "node_modules", "wiremock", "build"), "wiremock-standalone-*.jar").Single();
    }

    private static async Task InstallAsync()
    {
        foreach (var file in (string[])["package.json", ".npmrc"])
            File.Copy(RepositoryRoot.Combine("tests", "wiremock", file), Path.Combine(Folder, file), overwrite: true);
        var start = new ProgramStart(WireMockTools.Npm!, Folder, "install", "--no-audit", "--no-fund");
        // The registry is the developer's own: npm reads it from the environment and from the real home.
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables())
            start = start.With((string)variable.Key, (string)variable.Value!);
        var npm = await RunningProgram.RunAsync(start);
        if (npm.ExitCode != 0)
            throw new InvalidOperationException($"npm install of tests/wiremock ended with {npm.ExitCode}:\n{npm.OutputText}\n{npm.ErrorText}");
    }

    private static async Task<FileStream> LockAsync(string path)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < MaxLockTries)
            {
                await Task.Delay(LockPoll, TimeProvider.System);
            }
        }
    }
}
