using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Store.Origins;

/// <summary>
/// This backend's own origins by user, each computed once, and their renewal: a backend that may have given a sequence number out before
/// must not go on in the same stream, or peers take the new operation for the old one (wire.md §9.5). Used by one thread.
/// </summary>
internal sealed class OriginNames(string backendId, StoreIdentity identity, LogFolder folder, IDisk disk, IdSource ids, ILogger logger)
{
    /// <summary>Beyond it the names are computed anew.</summary>
    private const int MaxCached = 1 << 16;

    private readonly Dictionary<string, string> _own = new(StringComparer.Ordinal);
    private StoreIdentity _identity = identity;

    /// <summary>Whether a stream is of this backend, by its present or an earlier identity.</summary>
    public bool IsOwn(string origin) =>
        origin.Length > backendId.Length && origin[backendId.Length] == '~' && origin.StartsWith(backendId, StringComparison.Ordinal);

    public string OfImports(string user) => OriginName.Of(backendId, _identity.StoreId, user, OriginPurpose.Import);

    public string Of(string user)
    {
        if (_own.TryGetValue(user, out var name))
            return name;
        if (_own.Count >= MaxCached)
            _own.Clear();
        return _own[user] = OriginName.Of(backendId, _identity.StoreId, user, OriginPurpose.Own);
    }

    /// <summary>Every operation from here on goes to new origins, whatever happens to the machine.</summary>
    /// <param name="why">For the log.</param>
    /// <exception cref="IOException">The origins are as they were.</exception>
    public void TakeNew(string why)
    {
        var next = StoreIdentity.New(ids) with { Damage = _identity.Damage, Born = _identity.Born };
        next.Write(folder.Identity, disk);
        _identity = next;
        _own.Clear();
        StoreTelemetry.NewIdentity(logger, why);
    }
}
