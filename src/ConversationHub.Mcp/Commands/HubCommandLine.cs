using System.Collections;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Settings;
using ConversationHub.Mcp.Stdio;
using ConversationHub.Mcp.Tools;

namespace ConversationHub.Mcp.Commands;

/// <summary>The commands and options of the program. An option is a setting under a shorter name.</summary>
internal static class HubCommandLine
{
    private const string ServeName = "serve";

    /// <summary>A key has no option: a command line is readable by every process of the machine.</summary>
    private static readonly (Option<string> Option, string Setting)[] SettingOptions =
    [
        (Setting("--local-url", "Base URL of the local backend; found by itself when left out."), SettingNames.LocalUrl),
        (Setting("--cloud-url", "Base URL of the cloud backend."), SettingNames.CloudUrl),
        (Setting("--fallback", "Whether the cloud may answer when the local backend does not: true or false."), SettingNames.FallbackEnabled),
        (Setting("--route", "local-first, local-only or cloud-only."), SettingNames.Route),
        (Setting("--api-key-file", "File that holds the key for the cloud backend."), SettingNames.ApiKeyFile),
        (Setting("--user-id", "Who asks."), SettingNames.UserId),
        (Setting("--surface-id", "Where questions come from; the client's name when left out."), SettingNames.SurfaceId),
        (Setting("--timeout-seconds", "Time for a question without progress, 5 to 55."), SettingNames.TimeoutSeconds),
        (Setting("--log-level", "TRACE, DEBUG, INFO, WARNING or ERROR."), SettingNames.LogLevel),
        (Setting("--log-format", "text or json."), SettingNames.LogFormat),
        (Setting("--transport", "stdio, or http for hosts that cannot start a program: loopback only, with a token."), SettingNames.ServerMode),
        (Setting("--port", "Port for --transport http; 8830 when left out, 0 for a free one."), SettingNames.ServerPort),
        (Setting("--token-file", "File that holds the token which clients of --transport http send."), SettingNames.ServerTokenFile),
        (Setting("--config-file", "JSON file of settings; ~/.maestra/config.json when left out."), SettingNames.ConfigFile),
    ];

    /// <param name="serve">What <c>serve</c> does; the two programs differ in nothing else.</param>
    internal static async Task<int> RunAsync(string[] args, Stream stdout, Func<HubSettings, Task<int>> serve)
    {
        // How hosts start it nearly always: there is nothing to parse, and the parser costs a tenth of the start.
        if (args is [] or [ServeName])
            return await WithSettings([], serve);

        var parsed = Build(stdout, serve).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await StandardStreams.TellAsync(error.Message);
            await StandardStreams.TellAsync("Try --help.");
            return ExitCodes.BadSettings;
        }

        await using var output = new StringWriter();
        var code = await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = Console.Error,
            EnableDefaultExceptionHandler = false,

            // The host listens for signals itself.
            ProcessTerminationTimeout = null,
        });
        if (output.GetStringBuilder().Length == 0)
            return code;
        try
        {
            await stdout.WriteAsync(Encoding.UTF8.GetBytes(output.ToString()));
            return code;
        }
        catch (Exception failure) when (StandardStreams.IsFailure(failure))
        {
            // `--help | head -1`: its reader has seen enough.
            return ExitCodes.NotAnswered;
        }
    }

    private static RootCommand Build(Stream stdout, Func<HubSettings, Task<int>> serve)
    {
        var root = new RootCommand("An MCP server that asks the Maestra backend on this machine, then the one in the cloud.");
        foreach (var (option, _) in SettingOptions)
            root.Options.Add(option);
        root.SetAction((parsed, _) => WithSettings(parsed, serve));

        var command = new Command(ServeName, "Serve MCP over standard input and output, the default, or over HTTP.");
        command.SetAction((parsed, _) => WithSettings(parsed, serve));
        root.Subcommands.Add(command);
        root.Subcommands.Add(Ask(stdout));
        root.Subcommands.Add(Health(stdout));
        return root;
    }

    private static Command Ask(Stream stdout)
    {
        var message = new Argument<string>("message") { Description = "The question." };
        var conversation = new Option<string>("--conversation-id") { Description = "Conversation to continue." };
        var json = new Option<bool>("--json") { Description = "Print the structured result." };
        var ask = new Command("ask", "Ask one question and print the answer.") { message, conversation, json };
        ask.SetAction((parsed, _) => WithSettings(parsed, settings => ToolCommand.RunAsync<AskTool>(
            settings,
            [
                KeyValuePair.Create("message", Text(parsed.GetValue(message))),
                KeyValuePair.Create("conversation_id", Text(parsed.GetValue(conversation))),
            ],
            parsed.GetValue(json),
            stdout)));
        return ask;
    }

    private static Command Health(Stream stdout)
    {
        var json = new Option<bool>("--json") { Description = "Print the structured result." };
        var health = new Command("health", "Tell which backends are up.") { json };
        health.SetAction((parsed, _) => WithSettings(parsed, settings =>
            ToolCommand.RunAsync<HealthTool>(settings, [], parsed.GetValue(json), stdout)));
        return health;
    }

    private static Task<int> WithSettings(ParseResult parsed, Func<HubSettings, Task<int>> run)
    {
        var commandLine = new Dictionary<string, string>();
        foreach (var (option, setting) in SettingOptions)
        {
            if (parsed.GetValue(option) is { } value)
                commandLine[setting] = value;
        }

        return WithSettings(commandLine, run);
    }

    /// <summary>Binds the settings first: a bad one is told before anything is opened or contacted.</summary>
    private static async Task<int> WithSettings(Dictionary<string, string> commandLine, Func<HubSettings, Task<int>> run)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var settings = SettingsBinder.Bind(
            commandLine,
            Variables(),
            SettingFiles.Read,
            home.Length == 0 ? null : home,
            out var errors);
        if (settings is not null)
            return await run(settings);

        await StandardStreams.TellAsync($"conversation-hub-mcp: {errors.Count} bad setting(s):");
        foreach (var error in errors)
            await StandardStreams.TellAsync($"- {error}");
        return ExitCodes.BadSettings;
    }

    private static Dictionary<string, string> Variables()
    {
        var variables = new Dictionary<string, string>(OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
            variables[(string)variable.Key] = (string?)variable.Value ?? "";
        return variables;
    }

    private static Option<string> Setting(string name, string description) =>
        new(name) { Description = description, Recursive = true };

    private static JsonElement Text(string? text) => JsonSerializer.SerializeToElement(text!, MaestraJson.Compact.String);
}
