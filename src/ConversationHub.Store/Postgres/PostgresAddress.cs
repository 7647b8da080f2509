using System.Collections.Frozen;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>
/// Reads <c>DATABASE_URL</c>: <c>postgres://user:password@host:port/database?option=value</c>, the options being libpq's or Npgsql's, or a connection
/// string of Npgsql's.
/// </summary>
public static class PostgresAddress
{
    private const int DefaultPort = 5432;
    private const string SslMode = "sslmode";
    private const string Form = "give postgres://user:password@host:port/database, or a connection string such as Host=…;Username=…;Database=…";

    /// <summary>The options of libpq that Npgsql calls otherwise. It knows the rest of them, and its own, with spaces for the underscores.</summary>
    private static readonly FrozenDictionary<string, string> NamesInNpgsql = new Dictionary<string, string>
    {
        [SslMode] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["sslpassword"] = "SSL Password",
        ["sslnegotiation"] = "SSL Negotiation",
        ["gssencmode"] = "GSS Encryption Mode",
        ["krbsrvname"] = "Kerberos Service Name",
        ["connect_timeout"] = "Timeout",
        ["keepalives_idle"] = "TCP Keepalive Time",
        ["keepalives_interval"] = "TCP Keepalive Interval",
        ["target_session_attrs"] = "Target Session Attributes",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <returns>Null when it is neither; <paramref name="error"/> then says what would be right, without the value, which may hold a password.</returns>
    public static string? TryParse(string url, out string? error)
    {
        error = Form;
        try
        {
            var isUrl = url.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);
            string? mistake = null;
            var builder = isUrl ? FromUrl(new Uri(url), out mistake) : new NpgsqlConnectionStringBuilder(url);
            if (mistake is not null)
                error = $"{Form}; {mistake}";
            if (mistake is not null || string.IsNullOrEmpty(builder.Host))
                return null;
            error = null;
            return builder.ConnectionString;
        }
        catch (Exception unreadable) when (unreadable is ArgumentException or FormatException)
        {
            // Told by the result, since the message may quote the password.
            return null;
        }
    }

    private static NpgsqlConnectionStringBuilder FromUrl(Uri url, out string? mistake)
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
        mistake = null;
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);

            // Behind a question mark in a password that nobody escaped comes the rest of the password.
            if (equals < 0 || pair.Contains('@', StringComparison.Ordinal))
                throw new FormatException("An option needs a value.");
            mistake ??= Set(builder, Uri.UnescapeDataString(pair[..equals]), Uri.UnescapeDataString(pair[(equals + 1)..]));
        }

        return builder;
    }

    /// <returns>What is wrong with it; null when it is set, or empty, which in libpq is the default.</returns>
    private static string? Set(NpgsqlConnectionStringBuilder builder, string option, string value)
    {
        var name = NamesInNpgsql.GetValueOrDefault(option) ?? option.Replace('_', ' ');
        if (!builder.ContainsKey(name))
        {
            return $"its option {option} is not known: known are {string.Join(", ", NamesInNpgsql.Keys.Order(StringComparer.Ordinal))}, "
                + "and the names of a connection string with underscores, such as application_name and maximum_pool_size";
        }

        try
        {
            // verify-full in libpq, VerifyFull in Npgsql.
            if (value.Length > 0)
                builder[name] = option == SslMode ? value.Replace("-", "", StringComparison.Ordinal) : value;
            return null;
        }
        catch (Exception refused) when (refused is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return $"the value of its option {option} cannot be used";
        }
    }
}
