namespace ConversationHub.Store.Origins;

/// <summary>This backend's own origins by user, each computed once. Used by one thread.</summary>
internal sealed class OriginNames(string backendId, string storeId)
{
    /// <summary>Beyond it the names are computed anew.</summary>
    private const int MaxCached = 1 << 16;

    private readonly Dictionary<string, string> _own = new(StringComparer.Ordinal);

    public string OfImports(string user) => OriginName.Of(backendId, storeId, user, OriginPurpose.Import);

    public string Of(string user)
    {
        if (_own.TryGetValue(user, out var name))
            return name;
        if (_own.Count >= MaxCached)
            _own.Clear();
        return _own[user] = OriginName.Of(backendId, storeId, user, OriginPurpose.Own);
    }
}
