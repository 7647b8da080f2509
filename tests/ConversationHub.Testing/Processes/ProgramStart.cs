using System.Diagnostics;

namespace ConversationHub.Testing.Processes;

/// <summary>How a program is started: with exactly the given settings, none of the developer's own.</summary>
/// <param name="FileName">Executable, absolute.</param>
/// <param name="Home">HOME and working directory.</param>
public sealed record ProgramStart(string FileName, string Home, params string[] Arguments)
{
    // What a program needs to run at all; everything else would make a test depend on who runs it.
    private static readonly string[] Inherited = ["PATH", "DOTNET_ROOT", "TMPDIR", "TEMP", "TMP", "SystemRoot", "LANG"];

    /// <summary>Settings, added to the few variables every program needs.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The same start with one more setting.</summary>
    public ProgramStart With(string name, string value) =>
        this with { Environment = new Dictionary<string, string>(Environment) { [name] = value } };

    /// <summary>One of the programs under test, which calls nobody beyond this machine.</summary>
    private bool IsOurs => !Path.GetFileName(FileName).StartsWith("npm", StringComparison.Ordinal);

    private const string NobodysProxy = "http://127.0.0.1:9";

    /// <summary>For who reads its output otherwise than line by line.</summary>
    public ProcessStartInfo ToStartInfo()
    {
        var info = new ProcessStartInfo(FileName, Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Home,
        };
        info.Environment.Clear();
        foreach (var name in Inherited)
        {
            if (System.Environment.GetEnvironmentVariable(name) is { } value)
                info.Environment[name] = value;
        }

        // Nobody answers there: whatever would send calls within this machine through a proxy of the environment fails.
        if (IsOurs)
            info.Environment["HTTP_PROXY"] = info.Environment["HTTPS_PROXY"] = NobodysProxy;
        info.Environment["HOME"] = info.Environment["USERPROFILE"] = Home;
        foreach (var (name, value) in Environment)
            info.Environment[name] = value;
        return info;
    }
}
