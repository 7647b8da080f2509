using ConversationHub.Contracts;
using ConversationHub.Store.Postgres;
using Maestra.Backend.Audit;
using Maestra.Backend.Hosting;
using Maestra.Backend.Identity;
using Maestra.Backend.Pairing;
using Maestra.Backend.Peers;
using Maestra.Backend.Settings;
using Maestra.Backend.Signing;
using Maestra.Backend.Sync;

namespace Maestra.Backend.Commands;

/// <summary>Does what the <c>peers</c> commands say. Each method returns null when done, else why not.</summary>
internal sealed class PeersEdit(BackendSettings settings, IdentityKeys keys, IPeerStore store, BackendParts parts, ILoggerFactory loggers, TextWriter output)
{
    public static async Task<string?> RunAsync(
        BackendSettings settings, IdentityStore identities, BackendParts parts, ILoggerFactory loggers, TextWriter output, Func<PeersEdit, Task<string?>> action)
    {
        switch (await identities.LoadAsync(CancellationToken.None))
        {
            case IdentityOutcome.Refused refused:
                return refused.Reason;
            case IdentityOutcome.Loaded loaded:
                // A key that a setting gives was read without the database.
                if (settings.Database is { } database && await PostgresSchema.PrepareAsync(database, CancellationToken.None) is { } reason)
                    return reason;
                await using (var store = PeerServices.OpenStore(settings, parts.Time, loggers))
                    return await action(new PeersEdit(settings, loaded.Keys, store, parts, loggers, output));
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    public async Task<string?> InviteAsync(string? user, CancellationToken cancellationToken)
    {
        if (Scope(user, out var scope) is { } wrong)
            return wrong;
        var code = PairingCode.New(keys.Current.Id, parts.Ids);
        var now = parts.Time.GetUtcNow();
        var (open, failure) = await store.ChangeAsync<object>(
            state =>
            {
                var (changed, isOpen) = PairingRules.Invite(state, code.Secret, scope, now);
                return (changed is null ? null : PeerRules.Noted(changed, Act(AuditEventName.PeerInvited, keys.Current.Id, "invite")), isOpen);
            },
            cancellationToken);
        if (open is null)
            return failure!.Reason;
        if (open is false)
            return $"{PairingCode.MaxOpen} invitations are open; wait until one is used or ten minutes old";
        await output.WriteLineAsync($"""
            code         {code}
            fingerprint  {keys.Current.Public.Fingerprint}
            user         {scope}

            Good once, within {PairingCode.Lifetime.TotalMinutes} minutes. On the other backend run:

              maestra-backend peers join {code} --url URL-OF-THIS-BACKEND --user {Quoted(scope)}

            Whoever has the code can pair with this backend. It prints this fingerprint when it has joined: compare them.
            """);
        await TellNarrowerAsync(scope);
        return null;
    }

    public async Task<string?> JoinAsync(string text, string urlText, string? user, CancellationToken cancellationToken)
    {
        if (!PairingCode.TryParse(text.Trim(), out var code))
            return "the code is not what invite prints: a backend id, a dot and 32 characters";
        if (!PeerUrl.TryParse(urlText, out var url, out var expected))
            return $"--url '{urlText}' is wrong; expected {expected}";
        if (Scope(user, out var scope) is { } wrong)
            return wrong;
        using var http = PeerClient.CreateHttp();
        var capabilities = OwnCapabilities.Of(keys.Current.Id, [Capability.Idempotency, Capability.Stream, Capability.Sync]);
        switch (await new PeerJoiner(http, keys, store, parts.Ids, parts.Time).JoinAsync(code, url, scope, capabilities, cancellationToken))
        {
            case JoinOutcome.Refused refused:
                return refused.Reason;
            case JoinOutcome.Joined { Peer: var peer }:
                if (await NoteAsync(AuditEventName.PeerRegistered, peer.BackendId, "join", cancellationToken) is { } unnoted)
                    return unnoted;
                await output.WriteLineAsync($"""
                    paired with  {peer.BackendId}
                    fingerprint  {(PeerKey.TryParseBase64(peer.PublicKey, out var key) ? key.Fingerprint : "")}
                    user         {peer.UserId}
                    url          {peer.Url}

                    The own fingerprint, as peers list on the other side tells it: {keys.Current.Public.Fingerprint}
                    """);
                await TellNarrowerAsync(scope);
                return null;
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}.");
        }
    }

    public async Task<string?> ListAsync(CancellationToken cancellationToken)
    {
        var (peers, failure) = await Directory().ListAllAsync(cancellationToken);
        if (peers is null)
            return failure!.Reason;
        if (peers.Count == 0)
            await output.WriteLineAsync("No backend is paired with this one.");
        foreach (var peer in peers)
        {
            await output.WriteLineAsync($"{peer.BackendId}  user {peer.Scope}  {PeerStateNames.Of(peer.State)}{(peer.IsConfigured ? "  of MAESTRA_PEERS" : "")}");
            await output.WriteLineAsync($"  url          {peer.Url?.OriginalString ?? "none: it calls this backend"}");
            await output.WriteLineAsync($"  fingerprint  {peer.Key.Fingerprint}");
            await output.WriteLineAsync($"  last sync    {(peer.LastSyncAt is { } at ? WireTime.Format(at) : "never")}");
            if (peer.Reason is { } reason)
                await output.WriteLineAsync($"  why          {reason}");
            if (peer.Successor is { } next)
            {
                var fingerprint = PeerKey.TryParseBase64(next.PublicKey, out var key) ? key.Fingerprint : "";
                await output.WriteLineAsync($"  new key      {fingerprint}; if its owner says the same: maestra-backend peers confirm {next.BackendId}");
            }
        }

        return null;
    }

    public async Task<string?> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var directory = Directory();
        var (peers, failure) = await directory.ListAsync(cancellationToken);
        if (peers is null)
            return failure!.Reason;
        if (peers.FirstOrDefault(peer => peer.BackendId == id) is { } peer)
        {
            if (await directory.RemoveAsync(peer, cancellationToken) is { } lost)
                return lost.Reason;
        }
        else
        {
            (var wasThere, failure) = await directory.RemoveUnreadableAsync(id, cancellationToken);
            if (!wasThere)
                return failure?.Reason ?? $"{id} is not paired with this backend; peers list tells who is";
        }

        if (await NoteAsync(AuditEventName.PeerRemoved, id, "remove", cancellationToken) is { } unnoted)
            return unnoted;
        await output.WriteLineAsync($"{id} is no longer paired with this backend. What was exchanged stays on both sides; remove {keys.Current.Id} there too.");
        return null;
    }

    public async Task<string?> ConfirmAsync(string id, CancellationToken cancellationToken)
    {
        var now = parts.Time.GetUtcNow();
        var (result, failure) = await store.ChangeAsync<object>(
            state =>
            {
                var (changed, confirmed) = PairingRules.Confirm(state, id, now);
                return (
                    changed is null ? null : PeerRules.Noted(changed, Act(AuditEventName.PeerRegistered, confirmed!.BackendId, "confirm")),
                    confirmed ?? (object)false);
            },
            cancellationToken);
        if (result is null)
            return failure!.Reason;
        if (result is not PeerRecord peer)
            return $"there is nothing to confirm for {id}: no peer announced this key, and none of this id is suspended or removed";
        await output.WriteLineAsync($"{peer.BackendId} is paired and active{(peer.Previous is { } previous ? $"; its former key {previous.BackendId} counts until {WireTime.Format(previous.At)}" : "")}.");
        return null;
    }

    private async Task TellNarrowerAsync(PeerScope scope)
    {
        if (SyncScopes.Narrower(scope, settings.Sync) is { } told)
            await output.WriteLineAsync(told);
    }

    private OwnerActRecord Act(string happened, string subject, string command) => OwnerActs.New(happened, subject, command, parts.Ids, parts.Time);

    private async Task<string?> NoteAsync(string happened, string subject, string command, CancellationToken cancellationToken)
    {
        var act = Act(happened, subject, command);
        var (noted, failure) = await store.ChangeAsync<object>(state => (PeerRules.Noted(state, act), act), cancellationToken);
        return noted is null ? $"{command} was done, and cannot be accounted for in the audit: {failure!.Reason}" : null;
    }

    private PeerDirectory Directory() => new(store, settings, loggers.CreateLogger<PeerDirectory>());

    private string? Scope(string? user, out PeerScope scope)
    {
        scope = default;
        if (user is null && settings.User == UserId.Anonymous)
            return "say whose conversations go both ways: --user NAME, or --user '*' for everybody's when you own both backends";
        return PeerScope.TryParse(user ?? settings.User.ToString(), out scope)
            ? null
            : $"--user needs 1 to {UserId.MaxLength} characters without control characters, or *";
    }

    private static string Quoted(PeerScope scope) => $"'{scope.ToString().Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
