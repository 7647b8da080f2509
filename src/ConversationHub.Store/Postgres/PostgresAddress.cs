using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>Reads <c>DATABASE_URL</c>: <c>postgres://user:password@host:port/database?option=value</c>, or a connection string of Npgsql's.</summary>
public static class PostgresAddress
{
    private const int DefaultPort = 5432;

    /// <returns>Null when it is neither; <paramref name="error"/> then says what would be right, without the value, which may hold a password.</returns>
    public static string? TryParse(string url, out string? error)
    {
        error = "give postgres://user:password@host:port/database, or a connection string such as Host=…;Username=…;Database=…";
        try
        {
            var isUrl = url.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);
            var builder = isUrl ? FromUrl(new Uri(url)) : new NpgsqlConnectionStringBuilder(url);
            if (string.IsNullOrEmpty(builder.Host))
                return null;
            error = null;
            return builder.ConnectionString;
        }
        catch (Exception mistake) when (mistake is ArgumentException or FormatException)
        {
            // Told by the result, since the message may quote the password.
            return null;
        }
    }

    private static NpgsqlConnectionStringBuilder FromUrl(Uri url)
    {
        var builder = new NpgsqlConnectionStringBuilder
        {
            Host = url.Host,
            Port = url.IsDefaultPort || url.Port < 0 ? DefaultPort : url.Port,
            Database = Uri.UnescapeDataString(url.AbsolutePath.TrimStart('/')),
        };
        var colon = url.UserInfo.IndexOf(':', StringComparison.Ordinal);
        builder.Username = Uri.UnescapeDataString(colon < 0 ? url.UserInfo : url.UserInfo[..colon]);
        if (colon >= 0)
            builder.Password = Uri.UnescapeDataString(url.UserInfo[(colon + 1)..]);
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                throw new FormatException("An option needs a value.");

            // libpq spells its options with underscores or in one word; Npgsql knows most of them with a space.
            var name = Uri.UnescapeDataString(pair[..equals]);
            builder[name == "sslmode" ? "SSL Mode" : name.Replace('_', ' ')] = Uri.UnescapeDataString(pair[(equals + 1)..]);
        }

        return builder;
    }
}
