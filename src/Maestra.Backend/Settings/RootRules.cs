using Maestra.Backend.Costs;
using Maestra.Backend.Identity;
using Maestra.Backend.Peers;

namespace Maestra.Backend.Settings;

/// <summary>
/// Keeps apart what the store of conversations takes for its own and what the backend keeps of itself: a store looks at every <c>*.json</c> in its
/// folder, repairs <c>log</c> and empties <c>imported</c> (docs/decisions/0054). A state root below the store's in a folder of another name is fine.
/// </summary>
internal static class RootRules
{
    /// <summary>What a free folder would be called.</summary>
    private const string WayOut = "state";

    /// <summary>Folders of the store below its root (wire.md §10.1).</summary>
    private static readonly string[] StoreFolders = ["log", "imported"];

    /// <summary>As in <c>docs/operations.md</c>; with what rotation and older programs add to them.</summary>
    private static readonly string[] StateNames =
    [
        IdentityFile.FileName, FilePeerStore.FileName, FilePeerStore.NoncesName, CostFile.Name, AuditBinder.FileName, SignalBinder.MetricsFileName, "prompts",
    ];

    private static readonly StringComparison Letters = OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    /// <returns>What is wrong with the two folders and how to part them; null when nothing is.</returns>
    public static string? Refusal(string conversationRoot, string stateRoot)
    {
        var (conversations, state) = (Resolve(conversationRoot), Resolve(stateRoot));
        var isOne = conversations.Equals(state, Letters);
        if (!isOne && !StoreFolders.Any(folder => IsAtOrBelow(state, Path.Combine(conversations, folder))))
            return null;
        var found = StateNamesIn(state);
        return $"{SettingNames.ConversationRoot} and {SettingNames.StateRoot}: "
            + (isOne ? $"both are '{conversations}'" : $"'{state}' is a folder of the store in '{conversations}'")
            + ", and a store takes what stands in its folders for conversations; expected two folders. Stop the backend, "
            + (found.Count == 0 ? "" : $"move {string.Join(", ", found)} to '{Path.Combine(conversations, WayOut)}', ")
            + $"and set {SettingNames.StateRoot} to '{Path.Combine(conversations, WayOut)}'";
    }

    private static bool IsAtOrBelow(string path, string folder) =>
        path.Equals(folder, Letters) || path.StartsWith(folder + Path.DirectorySeparatorChar, Letters);

    private static List<string> StateNamesIn(string folder)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFileSystemEntries(folder).Select(static path => Path.GetFileName(path))
                    .Where(static name => StateNames.Any(own => name == own || (name.StartsWith(own + ".", StringComparison.Ordinal) && !name.EndsWith(".lock", StringComparison.Ordinal))))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Not there yet, or not to be read: there is nothing to name.
            return [];
        }
    }

    /// <summary>The folder behind links, so that two names of one folder are one.</summary>
    private static string Resolve(string path)
    {
        try
        {
            var root = Path.GetPathRoot(path)!;
            var resolved = root;
            foreach (var part in path[root.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
            {
                var folder = new DirectoryInfo(Path.Combine(resolved, part));
                resolved = folder.LinkTarget is null ? folder.FullName : folder.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder.FullName;
            }

            return Path.TrimEndingDirectorySeparator(resolved);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A link that leads nowhere: what is made there fails on its own, with its own words.
            return Path.TrimEndingDirectorySeparator(path);
        }
    }
}
