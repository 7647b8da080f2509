using ConversationHub.Testing.Processes;

namespace ConversationHub.Testing.Browser;

/// <summary>A headless Chromium with a profile of its own, showing one page. Killed, with its children, when disposed.</summary>
public sealed class ChromiumProcess : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private readonly TemporaryFolder _profile = new();
    private readonly RunningProgram _program;

    private ChromiumProcess(Uri page, string[] arguments) => _program = RunningProgram.Start(new ProgramStart(
        Program ?? throw new InvalidOperationException("There is no Chromium on this machine."), _profile.Path,
        ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-extensions", $"--user-data-dir={_profile.Combine("profile")}", .. arguments, page.AbsoluteUri]));

    /// <summary>The browser's executable; null where there is none.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(static folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>What it wrote to standard error, for messages.</summary>
    public string ErrorText => _program.ErrorText;

    public static ChromiumProcess Open(Uri page, params string[] arguments) => new(page, arguments);

    public async ValueTask DisposeAsync()
    {
        await _program.DisposeAsync();
        _profile.Dispose();
    }
}
