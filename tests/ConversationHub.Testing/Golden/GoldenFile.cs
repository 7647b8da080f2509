using System.Text;
using Xunit.Sdk;

namespace ConversationHub.Testing.Golden;

/// <summary>
/// Compares a text with a committed file. A difference fails the test with both sides and the command that accepts the
/// new text; a file that is missing is written, except in CI, where it fails.
/// </summary>
public static class GoldenFile
{
    private const string AcceptVariable = "MAESTRA_ACCEPT_GOLDEN";
    private const int ContextLines = 2;
    private const int MaxShownLines = 60;

    /// <param name="path">From the root of the repository, such as <c>tests/ConversationHub.Mcp.Tests/Tools/tools.golden.json</c>.</param>
    /// <param name="actual">Line ends and the last newline do not count.</param>
    public static void Assert(string path, string actual)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(actual);
        var file = RepositoryRoot.Combine(path.Split('/'));
        var text = Normalize(actual);
        var committed = File.Exists(file) ? Normalize(File.ReadAllText(file)) : null;
        if (committed == text)
            return;

        var inCi = Environment.GetEnvironmentVariable("CI") == "true";
        if (Environment.GetEnvironmentVariable(AcceptVariable) == "1" || (committed is null && !inCi))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            return;
        }

        var shown = committed is null ? text : Difference(committed.Split('\n'), text.Split('\n'));
        var project = string.Join('/', path.Split('/').Take(2));
        throw new XunitException(
            $"{path} {(committed is null ? "is missing" : "differs")}.\n{shown}\nTo accept the new text: {AcceptVariable}=1 dotnet test {project}");
    }

    /// <summary>The lines from the first difference to the last, as committed (-) and as they are now (+).</summary>
    internal static string Difference(string[] committed, string[] actual)
    {
        var start = 0;
        while (start < committed.Length && start < actual.Length && committed[start] == actual[start])
            start++;
        var end = 0;
        while (end < committed.Length - start && end < actual.Length - start && committed[^(end + 1)] == actual[^(end + 1)])
            end++;

        var lines = committed[Math.Max(0, start - ContextLines)..start].Select(line => $"  {line}")
            .Concat(committed[start..^end].Select(line => $"- {line}"))
            .Concat(actual[start..^end].Select(line => $"+ {line}"))
            .ToList();
        var more = lines.Count - MaxShownLines;
        return $"line {start + 1}:\n{string.Join('\n', lines.Take(MaxShownLines))}{(more > 0 ? $"\n({more} more lines)" : "")}";
    }

    private static string Normalize(string text) => text.ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
}
