using System.CommandLine;
using Maestra.Backend.Keys;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary>
/// <c>keys new|list|revoke|rotate</c>: what an operator does to the keys file, while backends run or not. A new key goes to standard
/// output, alone on its line and never again; everything else about it goes to standard error.
/// </summary>
internal static class KeysCommand
{
    private delegate Task<string?> KeysAction(KeyFile file, ParseResult parsed, CancellationToken cancellationToken);

    public static Command Build(Func<ParseResult, SettingSources> sources, TextWriter error, TimeProvider time)
    {
        var file = new Option<string>("--file") { Description = $"the keys file ({SettingNames.ApiKeysFile})", Recursive = true };
        var user = new Option<string>("--user") { Description = "whose key it is; * owns all users", Required = true };
        var id = new Argument<string>("id") { Description = "the key's id, as list and new tell it" };
        var whose = new Option<string>("--user") { Description = "whose line of the key, where it is several users'" };
        var edit = new KeysEdit(error, time);
        return new Command("keys", "Make, list and withdraw the keys of a cloud backend; running backends take changes up within seconds")
        {
            file,
            Make("new", "Make a key for a user and print it, this once", (keys, parsed, cancel) =>
                edit.NewAsync(keys, parsed.GetValue(user)!, parsed.InvocationConfiguration.Output, cancel), user),
            Make("list", "List the keys: id, user, when made", (keys, parsed, _) => KeysEdit.ListAsync(keys, parsed.InvocationConfiguration.Output)),
            Make("revoke", "Withdraw a key", (keys, parsed, cancel) => edit.RevokeAsync(keys, parsed.GetValue(id)!, parsed.GetValue(whose), cancel), id, whose),
            Make("rotate", "Make a new key for the user of an old one, and withdraw the old one", (keys, parsed, cancel) =>
                edit.RotateAsync(keys, parsed.GetValue(id)!, parsed.GetValue(whose), parsed.InvocationConfiguration.Output, cancel), id, whose),
        };

        Command Make(string name, string description, KeysAction action, params Symbol[] symbols)
        {
            var command = new Command(name, description);
            foreach (var symbol in symbols)
            {
                if (symbol is Option option)
                    command.Add(option);
                else if (symbol is Argument argument)
                    command.Add(argument);
            }

            command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(file), sources(parsed), error, parsed, action, cancel));
            return command;
        }
    }

    private static async Task<int> RunAsync(
        string? given, SettingSources sources, TextWriter error, ParseResult parsed, KeysAction action, CancellationToken cancellationToken)
    {
        var setting = string.IsNullOrEmpty(given) ? sources.Find(SettingNames.ApiKeysFile) : null;
        if (string.IsNullOrEmpty(given) && setting is null)
        {
            var wrong = string.Concat(sources.File.Errors.Select(static mistake => $"; {mistake}"));
            return await RefuseAsync(error, $"which keys file? Give --file PATH, or set {SettingNames.ApiKeysFile}{wrong}");
        }

        // A path typed here may be relative to this folder; a setting means the same file for every command and service.
        var path = setting is null ? sources.FullPath(given!) ?? Path.GetFullPath(given!) : sources.FullPath(setting.Text);
        if (path is null)
            return await RefuseAsync(error, $"{SettingNames.ApiKeysFile} ({setting!.Origin}): expected an absolute path, or one that begins with ~/");
        try
        {
            return await action(new KeyFile(path), parsed, cancellationToken) is { } reason ? await RefuseAsync(error, reason) : ExitCode.Ended;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return await RefuseAsync(error, e.Message);
        }
    }

    private static async Task<int> RefuseAsync(TextWriter error, string reason)
    {
        await error.WriteLineAsync($"maestra-backend keys: {reason}");
        return ExitCode.BadSettings;
    }
}
