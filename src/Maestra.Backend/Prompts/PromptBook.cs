using System.Collections.Frozen;
using ConversationHub.Contracts;

namespace Maestra.Backend.Prompts;

/// <summary>
/// The instructions of all modes: built in, and overridden by files <c>{mode}.md</c> in a folder of the user's (docs/decisions/0028).
/// Read once, at the start. Immutable.
/// </summary>
internal sealed class PromptBook
{
    public const string FileSuffix = ".md";

    /// <summary>wire.md §2.</summary>
    public static readonly IReadOnlyList<string> Modes =
        [WireFormat.DefaultMode, "tutorial", "router", "capture", "project_conductor", "web_companion", "focus_coach"];

    private readonly FrozenDictionary<string, ModePrompt> _prompts;

    private PromptBook(Dictionary<string, ModePrompt> prompts, IReadOnlyList<string> overridden, IReadOnlyList<string> errors)
    {
        _prompts = prompts.ToFrozenDictionary(StringComparer.Ordinal);
        Overridden = overridden;
        Errors = errors;
    }

    /// <summary>Mode and version of each prompt that a file replaces.</summary>
    public IReadOnlyList<string> Overridden { get; }

    /// <summary>One sentence for each file that is not used: which, and what would be right.</summary>
    public IReadOnlyList<string> Errors { get; }

    /// <summary>The instructions of a mode; those of <c>advisor</c> for one that has none of its own.</summary>
    public ModePrompt Of(string mode) => _prompts.GetValueOrDefault(mode) ?? _prompts[WireFormat.DefaultMode];

    /// <param name="folder">Need not exist.</param>
    public static PromptBook Load(string folder)
    {
        var prompts = Modes.ToDictionary(mode => mode, BuiltIn, StringComparer.Ordinal);
        var overridden = new List<string>();
        var errors = new List<string>();
        foreach (var path in Files(folder, errors))
        {
            var mode = Path.GetFileNameWithoutExtension(path);
            if (!prompts.ContainsKey(mode))
            {
                errors.Add($"{path} is not used: there is no mode '{mode}'; the modes are {string.Join(", ", Modes)}");
                continue;
            }

            if (Read(path, mode, errors) is not { } prompt)
                continue;
            prompts[mode] = prompt;
            overridden.Add($"{mode} {prompt.Version}");
        }

        return new PromptBook(prompts, overridden, errors);
    }

    private static string[] Files(string folder, List<string> errors)
    {
        try
        {
            if (!Directory.Exists(folder))
                return [];
            return [.. Directory.EnumerateFiles(folder, "*" + FileSuffix).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{folder} cannot be read, the built-in prompts are used: {e.Message}");
            return [];
        }
    }

    private static ModePrompt? Read(string path, string mode, List<string> errors)
    {
        try
        {
            using var file = File.OpenRead(path);
            var content = new byte[ModePrompt.MaxBytes + 1];
            var length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            var prompt = ModePrompt.Parse(mode, content.AsSpan(0, length), out var expected);
            if (prompt is null)
                errors.Add($"{path} is not used, the built-in prompt is: expected {expected}");
            return prompt;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.Add($"{path} cannot be read, the built-in prompt is used: {e.Message}");
            return null;
        }
    }

    private static ModePrompt BuiltIn(string mode)
    {
        var name = $"prompt-{mode}{FileSuffix}";
        using var stream = typeof(PromptBook).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The prompt {name} is not in the program.");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return ModePrompt.Parse(mode, content, out var expected) ?? throw new InvalidOperationException($"The prompt {name} is wrong: expected {expected}.");
    }
}
