using System.Net;
using ConversationHub.Contracts;
using ConversationHub.Store.Postgres;
using Maestra.Backend.Access;
using Maestra.Backend.Identity;
using Maestra.Backend.Keys;
using Maestra.Backend.Peers;
using Maestra.Backend.Retention;
using Maestra.Backend.Sync;
using Maestra.Backend.Tokens;

namespace Maestra.Backend.Settings;

/// <summary>Binds all settings once, checks them together, and lists every mistake (design.md §2, rule 8).</summary>
internal static class SettingsBinder
{
    private const int MaxPort = 65_535;

    /// <summary>Those of wire.md §13 that have no effect yet, without harm; the start says so.</summary>
    private static readonly string[] WithoutEffect = [SettingNames.RedisUrl];

    public static BindOutcome Bind(SettingSources sources)
    {
        var reader = new SettingReader(sources);
        var mode = reader.Choice(SettingNames.Mode, WireFormat.SourceLocal, WireFormat.SourceLocal, WireFormat.SourceCloud) == WireFormat.SourceCloud
            ? BackendMode.Cloud
            : BackendMode.Local;
        var state = reader.Folder(SettingNames.StateRoot, Path.Combine(reader.Home, ".8825"));
        CheckUnsupported(reader);
        foreach (var (origin, name) in sources.OurNames.Where(static one => !KnownSettings.Has(one.Name)))
        {
            if (KnownSettings.MeantToDecide(name) is { } meant)
                reader.Refuse($"{origin}: nobody reads '{name}'; did you mean {meant}?");
            else
                reader.Warn($"{origin}: nobody reads '{name}'{(KnownSettings.Nearest(name) is { } nearest ? $"; did you mean {nearest}?" : "")}");
        }

        var settings = new BackendSettings
        {
            Mode = mode,
            Port = Port(reader, mode),
            Host = Host(reader, mode),
            StateRoot = state,
            ConversationRoot = reader.Folder(SettingNames.ConversationRoot, Path.Combine(reader.Home, ".8825", "conversations")),
            KeepsSearchIndex = reader.Choice(SettingNames.SearchIndex, "on", "on", "off") == "on",
            Retention = reader.Integer(SettingNames.RetentionDays, 1, RetentionDays.Max) is { } days ? new RetentionDays(days) : null,
            Database = Database(reader, mode),
            PortFile = Path.Combine(reader.Home, ".maestra", "port"),
            User = User(reader),
            Keys = mode == BackendMode.Cloud ? KeyRingBinder.Bind(reader) : KeySettings.None,
            TrustedProxies = ProxyBinder.Bind(reader),
            EnforceHttps = EnforceHttps(reader, mode),
            Tokens = TokenSettings.Bind(reader, mode),
            RateLimit = RateLimitSettings.Bind(reader, mode),
            CorsOrigins = CorsOrigins(reader),
            PrivateKeyPem = PrivateKey(reader),
            KeyKeeper = KeyKeeperOf(reader),
            Peers = PeersBinder.Bind(reader),
            Sync = SyncSettings.Bind(reader),
            Advisor = AdvisorBinder.Bind(reader),
            Signals = SignalBinder.Bind(reader, mode, state),
            CostLimits = CostBinder.Bind(reader),
            PromptsFolder = reader.Folder(SettingNames.PromptsFolder, Path.Combine(state, "prompts")),
            LogLevel = Level(reader),
            LogForm = reader.Choice(SettingNames.LogFormat, mode == BackendMode.Cloud ? "json" : "text", "text", "json") == "json" ? LogForm.Json : LogForm.Text,
            Warnings = reader.Warnings,
        };
        if (settings.Database is null && RootRules.Refusal(settings.ConversationRoot, settings.StateRoot) is { } oneFolder)
            reader.Refuse(oneFolder);
        if (settings.Advisor is AdvisorSettings.Test)
            settings = settings with { Signals = SignalBinder.WithoutConnections(settings.Signals, reader) };
        return reader.Errors.Count == 0 ? new BindOutcome.Bound(settings) : new BindOutcome.Refused(reader.Errors);
    }

    private static void CheckUnsupported(SettingReader reader)
    {
        foreach (var name in WithoutEffect.Where(reader.IsSet))
            reader.Warn($"{name} is set and has no effect in this version");
    }

    private static bool EnforceHttps(SettingReader reader, BackendMode mode)
    {
        var isOn = reader.Flag(SettingNames.EnforceHttps);
        if (mode == BackendMode.Local)
        {
            if (isOn)
                reader.Warn($"{SettingNames.EnforceHttps} has no effect in local mode, where nothing leaves the machine");
            return false;
        }

        if (!isOn)
            reader.Warn($"{SettingNames.EnforceHttps} is off: requests over plain http are answered; run behind a proxy that speaks https");
        else if (!reader.IsSet(SettingNames.TrustedProxies))
            reader.Warn($"{SettingNames.EnforceHttps} is on without {SettingNames.TrustedProxies}: nobody is believed that a request came over https, so every one but health is redirected");
        return isOn;
    }

    /// <returns>Connection string; null when the log store is used.</returns>
    private static string? Database(SettingReader reader, BackendMode mode)
    {
        var url = reader.Text(SettingNames.DatabaseUrl);
        if (mode == BackendMode.Local)
        {
            if (url is not null)
                reader.Warn($"{SettingNames.DatabaseUrl} is set and has no effect in local mode: conversations are kept in {SettingNames.ConversationRoot}");
            return null;
        }

        if (url is null)
        {
            reader.Warn($"{SettingNames.DatabaseUrl} is not set: conversations are kept in {SettingNames.ConversationRoot}, and only one replica may run");
            return null;
        }

        var connection = PostgresAddress.TryParse(url, out var expected);
        if (connection is null)
            reader.Refuse($"{SettingNames.DatabaseUrl}: {expected}");
        return connection;
    }

    private static int? Port(SettingReader reader, BackendMode mode)
    {
        if (reader.IsSet(SettingNames.Port))
            return reader.Integer(SettingNames.Port, 0, MaxPort);
        if (mode == BackendMode.Local)
            return null;
        return reader.Integer(SettingNames.HostingPort, 0, MaxPort) ?? WireFormat.DefaultLocalPort;
    }

    private static IPAddress Host(SettingReader reader, BackendMode mode)
    {
        var fallback = mode == BackendMode.Local ? IPAddress.Loopback : IPAddress.IPv6Any;
        if (reader.Find(SettingNames.Host) is not { } value)
            return fallback;
        if (!IPAddress.TryParse(value.Text, out var address))
            reader.Refuse(value, "an IP address such as 127.0.0.1");
        else if (mode == BackendMode.Local && !address.Equals(IPAddress.Loopback))
            reader.Refuse(value, "127.0.0.1: a local backend listens nowhere else");
        else
            return address;
        return fallback;
    }

    private static UserId User(SettingReader reader)
    {
        if (reader.Find(SettingNames.UserId) is not { } value)
            return UserId.Anonymous;
        if (!UserId.TryParse(value.Text, out var user))
            reader.Refuse(value, "1 to 128 characters without control characters");
        return user;
    }

    private static HashSet<string> CorsOrigins(SettingReader reader)
    {
        var origins = new HashSet<string>(StringComparer.Ordinal);
        if (reader.Find(SettingNames.CorsOrigins) is not { } value)
            return origins;
        foreach (var origin in value.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // A listed origin may read every conversation: only exact ones are taken, in the form browsers send.
            if (Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Host.Length > 0 && origin == $"{url.Scheme}://{url.Authority}")
                origins.Add(origin);
            else
                reader.Refuse(value, $"exact origins such as https://example.com, without path or *; '{origin}' is none");
        }

        return origins;
    }

    private static string? PrivateKey(SettingReader reader)
    {
        if (reader.Secret(SettingNames.PrivateKey) is not { } pem)
            return null;

        // Some hosting services keep a variable on one line, with \n for line ends.
        pem = pem.Replace("\\n", "\n", StringComparison.Ordinal);
        if (!BackendIdentity.IsUsable(pem))
            reader.Refuse($"{SettingNames.PrivateKey}: not a PEM private key of RSA with 2048 bits");
        return pem;
    }

    private static KeyKeeper KeyKeeperOf(SettingReader reader) =>
        reader.Choice(SettingNames.KeyStore, "file", "file", "keychain", "secret-service") switch
        {
            "keychain" => KeyKeeper.Keychain,
            "secret-service" => KeyKeeper.SecretService,
            _ => KeyKeeper.File,
        };

    private static LogLevel Level(SettingReader reader) =>
        reader.Choice(SettingNames.LogLevel, "INFO", "TRACE", "DEBUG", "INFO", "WARNING", "ERROR") switch
        {
            "TRACE" => LogLevel.Trace,
            "DEBUG" => LogLevel.Debug,
            "WARNING" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            _ => LogLevel.Information,
        };
}
