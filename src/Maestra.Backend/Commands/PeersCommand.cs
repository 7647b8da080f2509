using System.CommandLine;
using Maestra.Backend.Hosting;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary>
/// <c>peers invite|join|list|remove|confirm</c>: what an owner decides about other backends, while this one runs or not.
/// Results go to standard output, refusals to standard error.
/// </summary>
internal static class PeersCommand
{
    public static Command Build(Func<ParseResult, SettingSources> sources, TextWriter error, BackendParts parts)
    {
        var user = new Option<string>("--user") { Description = "whose conversations go both ways; * for everybody's (default: MAESTRA_USER_ID)" };
        var url = new Option<string>("--url") { Description = "where the other backend is: https, or http to this machine", Required = true };
        var code = new Argument<string>("code") { Description = "what invite printed on the other side" };
        var id = new Argument<string>("id") { Description = "a backend id, as list tells it" };
        return new Command("peers", "Pair this backend with others; a running one takes changes up at once")
        {
            Make("invite", "Print a code for one other backend, good once within ten minutes", (edit, parsed, cancel) => edit.InviteAsync(parsed.GetValue(user), cancel), user),
            Make("join", "Pair with the backend that made a code", (edit, parsed, cancel) =>
                edit.JoinAsync(parsed.GetValue(code)!, parsed.GetValue(url)!, parsed.GetValue(user), cancel), code, url, user),
            Make("list", "List the paired backends", (edit, _, cancel) => edit.ListAsync(cancel)),
            Make("remove", "End a pairing", (edit, parsed, cancel) => edit.RemoveAsync(parsed.GetValue(id)!, cancel), id),
            Make("confirm", "Accept the new key of a peer, or take up one that was suspended or removed", (edit, parsed, cancel) =>
                edit.ConfirmAsync(parsed.GetValue(id)!, cancel), id),
        };

        Command Make(string name, string description, Func<PeersEdit, ParseResult, CancellationToken, Task<string?>> action, params Symbol[] symbols)
        {
            var command = new Command(name, description);
            foreach (var symbol in symbols)
            {
                if (symbol is Option option)
                    command.Add(option);
                else if (symbol is Argument argument)
                    command.Add(argument);
            }

            command.SetAction((parsed, cancel) => OwnerCommand.RunAsync(
                "peers", sources(parsed), error, parts,
                (settings, keys, loggers) => PeersEdit.RunAsync(settings, keys, parts, loggers, parsed.InvocationConfiguration.Output, edit => action(edit, parsed, cancel)),
                cancel));
            return command;
        }
    }
}
