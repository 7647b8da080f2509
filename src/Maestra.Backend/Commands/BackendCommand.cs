using System.Collections;
using System.CommandLine;
using System.CommandLine.Parsing;
using Maestra.Backend.Hosting;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary>The command line: <c>serve</c>, which is also what happens when no command is named, <c>store</c>, <c>keys</c>, and <c>--version</c>.</summary>
internal static class BackendCommand
{
    /// <summary>Reads the arguments and does what they say.</summary>
    /// <param name="environment">Environment variables; the process's own outside tests.</param>
    /// <param name="error">Where everything for people goes; standard output stays empty but for help and version.</param>
    /// <returns>One of <see cref="ExitCode"/>.</returns>
    public static async Task<int> RunAsync(
        string[] args, IReadOnlyDictionary<string, string> environment, TextWriter error, BackendParts parts)
    {
        // Values are taken as text, so that a bad one is listed together with every other bad setting.
        var mode = Setting("--mode", "local or cloud (MAESTRA_MODE)");
        var port = Setting("--port", "the port to listen on; 0 for any free one (MAESTRA_PORT)");
        var host = Setting("--host", "the address to listen on in cloud mode (MAESTRA_HOST)");

        SettingSources Sources(ParseResult parsed)
        {
            var commandLine = new Dictionary<string, string>();
            foreach (var (option, name) in new[] { (mode, SettingNames.Mode), (port, SettingNames.Port), (host, SettingNames.Host) })
            {
                if (parsed.GetValue(option) is { } text)
                    commandLine[name] = text;
            }

            return SettingSources.Load(commandLine, environment);
        }

        Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellationToken) =>
            ServeCommand.RunAsync(Sources(parsed), error, parts, cancellationToken);

        var serve = new Command("serve", "Answer requests until stopped (the default)");
        serve.SetAction(ServeAsync);
        var root = new RootCommand("Maestra's backend: answers questions and keeps conversations.")
        {
            mode, port, host, serve, StoreCommand.Build(Sources, error, parts with { IsErrorATerminal = ProgressLine.IsWanted(parts.IsErrorATerminal, environment) }),
            AuditCommand.Build(Sources, error), KeysCommand.Build(Sources, error, parts.Time),
            PeersCommand.Build(Sources, error, parts), IdentityCommand.Build(Sources, error, parts),
        };
        root.SetAction(ServeAsync);

        var result = root.Parse(args);
        if (Mistakes(result) is { Count: > 0 } mistakes)
        {
            foreach (var mistake in mistakes)
                await error.WriteLineAsync(mistake);
            await error.WriteLineAsync($"Run {Path(result)} --help for what is possible.");
            return ExitCode.BadSettings;
        }

        // The host listens for signals itself; a second handler would cut its graceful stop short.
        return await result.InvokeAsync(new InvocationConfiguration { Error = error, ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
    }

    /// <summary>A word that nobody knows is a mistake beside <c>--help</c> too, which would have it passed over.</summary>
    private static IReadOnlyList<string> Mistakes(ParseResult result)
    {
        if (result.Errors.Count == 0)
            return [.. result.UnmatchedTokens.Select(static token => $"Unrecognized command or argument '{token}'.")];
        var command = result.CommandResult.Command;
        return command.Action is null && command.Subcommands.Count > 0 && result.UnmatchedTokens.Count == 0
            ? [$"{command.Name} needs one of: {string.Join(", ", command.Subcommands.Select(static one => one.Name))}."]
            : [.. result.Errors.Select(static mistake => mistake.Message)];
    }

    private static string Path(ParseResult result)
    {
        var names = new List<string>();
        for (var at = result.CommandResult; at.Parent is CommandResult parent; at = parent)
            names.Insert(0, at.Command.Name);
        return string.Join(' ', (string[])["maestra-backend", .. names]);
    }

    public static Dictionary<string, string> ProcessEnvironment()
    {
        var variables = new Dictionary<string, string>();
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        return variables;
    }

    private static Option<string> Setting(string name, string description) => new(name) { Description = description, Recursive = true };
}
