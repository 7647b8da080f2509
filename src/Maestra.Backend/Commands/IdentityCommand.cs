using System.CommandLine;
using ConversationHub.Contracts;
using Maestra.Backend.Hosting;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Commands;

/// <summary><c>identity show|rotate</c>: who this backend is to others, and a new key for it.</summary>
internal static class IdentityCommand
{
    public static Command Build(Func<ParseResult, SettingSources> sources, TextWriter error, BackendParts parts)
    {
        return new Command("identity", "Show or change the key by which other backends know this one")
        {
            Make("show", "Print id, fingerprint and public key", static async (store, parts, output, cancel) =>
                await store.LoadAsync(cancel) switch
                {
                    IdentityOutcome.Loaded loaded => await ShowAsync(loaded.Keys, store, parts, output),
                    IdentityOutcome.Refused refused => refused.Reason,
                    var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
                }),
            Make("rotate", "Make a new key; the old one counts for seven days more", static async (store, parts, output, cancel) =>
            {
                switch (await store.RotateAsync(cancel))
                {
                    case IdentityOutcome.Refused refused:
                        return refused.Reason;
                    case IdentityOutcome.Loaded loaded:
                        await ShowAsync(loaded.Keys, store, parts, output);
                        await output.WriteLineAsync($"""

                            A running backend takes the new key up within seconds. At every peer, after its next exchange with this one, an owner runs:

                              maestra-backend peers confirm {loaded.Keys.Current.Id}
                            """);
                        return null;
                    case var unknown:
                        throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
                }
            }),
        };

        Command Make(string name, string description, Func<IdentityStore, BackendParts, TextWriter, CancellationToken, Task<string?>> action)
        {
            var command = new Command(name, description);
            command.SetAction((parsed, cancel) => OwnerCommand.RunAsync(
                "identity", sources(parsed), error, parts, (_, store, _) => action(store, parts, parsed.InvocationConfiguration.Output, cancel), cancel));
            return command;
        }
    }

    private static async Task<string?> ShowAsync(IdentityKeys keys, IdentityStore store, BackendParts parts, TextWriter output)
    {
        await output.WriteLineAsync($"""
            backend      {keys.Current.Id}
            fingerprint  {keys.Current.Public.Fingerprint}
            made         {WireTime.Format(keys.Current.CreatedAt)}
            kept in      {store.Vault.Name}
            public key   {keys.Current.Public.Base64}
            """);
        if (keys.Previous is { } previous && keys.Find(previous.Id, parts.Time.GetUtcNow()) is not null)
            await output.WriteLineAsync($"former key   {previous.Id}, counts until {WireTime.Format(keys.RetiredAt!.Value + IdentityKeys.Grace)}");
        return null;
    }
}
