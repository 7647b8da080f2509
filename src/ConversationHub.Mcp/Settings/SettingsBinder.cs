using System.Globalization;
using System.Text;
using ConversationHub.Contracts;
using ConversationHub.Mcp.Arguments;
using ConversationHub.Mcp.Http;
using ConversationHub.Routing;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Settings;

/// <summary>
/// Binds <see cref="HubSettings"/> and checks values and their relations. Every error is collected: setting, value,
/// where it stands, and what would be right. A secret is never repeated.
/// </summary>
internal sealed class SettingsBinder(SettingSources sources, ReadSettingFile readFile, string? homeFolder)
{
    internal const int DefaultTimeoutSeconds = 50;
    internal const int MinTimeoutSeconds = 5;

    /// <summary>Below the 60 s after which most clients give up.</summary>
    internal const int MaxTimeoutSeconds = 55;

    internal const int MinHedgeMilliseconds = 10;
    internal const int MaxHedgeMilliseconds = 60_000;

    private const int MaxKeyFileBytes = 4 * 1024;

    private const int BackendIdDigits = 16;

    private static readonly string[] LocalIdPrefixes = ["local_sha256_", "hosted_sha256_"];

    private readonly List<string> _errors = [];

    /// <summary>The settings, or null when <paramref name="errors"/> lists what is wrong.</summary>
    internal static HubSettings? Bind(
        IReadOnlyDictionary<string, string> commandLine,
        IReadOnlyDictionary<string, string> environment,
        ReadSettingFile readFile,
        string? homeFolder,
        out IReadOnlyList<string> errors)
    {
        var found = MisspeltNames.InEnvironment(environment).ToList();
        if (homeFolder is not null && !Path.IsPathFullyQualified(homeFolder))
        {
            found.Add($"HOME={Texts.DisplayText.Clean(homeFolder)} (environment) must be an absolute path: a relative one is another folder wherever the program is started.");
            homeFolder = null;
        }

        var file = ReadConfigFile(new SettingSources(commandLine, environment, new Dictionary<string, string>()), readFile, homeFolder, found);
        var binder = new SettingsBinder(new SettingSources(commandLine, environment, file), readFile, homeFolder);
        var settings = binder.Bind();
        errors = [.. found, .. binder._errors];
        return errors.Count == 0 ? settings : null;
    }

    private HubSettings Bind()
    {
        var settings = new HubSettings
        {
            Routing = BindRouting(),
            UserId = Name(SettingNames.UserId, UserId.MaxLength, text => UserId.TryParse(text, out _)) ?? UserId.Anonymous.ToString(),
            SurfaceId = Name(SettingNames.SurfaceId, SurfaceId.MaxLength, text => SurfaceId.TryParse(text, out _)),
            Timeout = TimeSpan.FromSeconds(BindTimeout()),
            LogLevel = BindLogLevel(),
            LogAsJson = BindLogFormat(),
            WatchParent = Flag(SettingNames.WatchParent, defaultValue: true),
            Http = BindHttp(),
            TelemetryWanted = sources.Find(SettingNames.TelemetryEndpoint) is not null,
        };
        CheckRelations(settings.Routing);
        return settings;
    }

    private RoutingOptions BindRouting() => new()
    {
        LocalUrl = Url(SettingNames.LocalUrl, "http://127.0.0.1:8825"),
        CloudUrl = Url(SettingNames.CloudUrl, "https://maestra.example.com"),
        FallbackEnabled = Flag(SettingNames.FallbackEnabled, defaultValue: true),
        Route = BindRoute(),
        ApiKey = BindApiKey(),
        HedgeDelay = BindHedge(),
        LocalBackendId = BindLocalBackendId(),
        PortFile = homeFolder is null ? null : Path.Combine(homeFolder, ".maestra", "port"),
    };

    private void CheckRelations(RoutingOptions routing)
    {
        if (routing.Route != Route.CloudOnly)
            return;
        if (sources.Find(SettingNames.CloudUrl) is null)
            _errors.Add($"{SettingNames.Route}={RouteNames.CloudOnly} needs {SettingNames.CloudUrl}, which is not set.");
        if (!routing.FallbackEnabled)
            _errors.Add($"{SettingNames.Route}={RouteNames.CloudOnly} contradicts {SettingNames.FallbackEnabled}=false, which forbids the cloud; change one of them.");
    }

    /// <summary>A lookalike must not answer because of a slip of the pen: what cannot be an id ends the start.</summary>
    private string? BindLocalBackendId()
    {
        if (sources.Find(SettingNames.LocalBackendId) is not { } value)
            return null;
        var digits = LocalIdPrefixes.Select(prefix => value.Text.StartsWith(prefix, StringComparison.Ordinal) ? value.Text[prefix.Length..] : null)
            .FirstOrDefault(rest => rest is not null);
        if (digits is { Length: BackendIdDigits } && digits.All(char.IsAsciiHexDigitLower))
            return value.Text;
        Refuse(value, "must be the backend_id that GET /identity of the local backend tells, such as local_sha256_eed292c6e467c8ef");
        return null;
    }

    private Uri? Url(string name, string example)
    {
        if (sources.Find(name) is not { } value)
            return null;
        if (!Uri.TryCreate(value.Text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            return RefuseUrl(value, $"must be an absolute http or https URL, such as {example}");
        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            var shown = $"{url.Scheme}://{url.Authority}/…";
            return RefuseUrl(
                value with { Text = shown },
                $"must hold no user name, password, query or fragment; a key belongs in {SettingNames.ApiKeyFile}");
        }

        if (url.Scheme == "http" && !url.IsLoopback)
            return RefuseUrl(value, $"must be https, or http to this machine itself, so that nothing is sent in clear; such as {example}");
        return url;
    }

    private Uri? RefuseUrl(SettingValue value, string rule)
    {
        Refuse(value, rule);
        return null;
    }

    private Route BindRoute()
    {
        if (sources.Find(SettingNames.Route) is not { } value)
            return Route.LocalFirst;
        if (RouteNames.TryParse(value.Text.ToLowerInvariant(), out var route))
            return route;
        Refuse(value, $"must be {RouteNames.LocalFirst}, {RouteNames.LocalOnly} or {RouteNames.CloudOnly}");
        return Route.LocalFirst;
    }

    private string? BindApiKey()
    {
        var (key, file) = sources.FindEither(SettingNames.ApiKey, SettingNames.ApiKeyFile);
        if (key is not null && file is not null)
        {
            _errors.Add($"{SettingNames.ApiKey} and {SettingNames.ApiKeyFile} are both set ({key.Place}); set one of them.");
            return null;
        }

        var (secret, name) = file is not null ? (ReadKeyFile(file), file.Name) : (key?.Text, SettingNames.ApiKey);
        if (secret is not null && secret.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            _errors.Add($"{name}: the key must be visible ASCII characters without blanks; otherwise it cannot be sent in a header.");
            return null;
        }

        return secret;
    }

    private HttpSettings? BindHttp()
    {
        var port = Number(SettingNames.ServerPort, 0, 65_535, "port (0 for a free one)") ?? HttpLimits.DefaultPort;
        if (sources.Find(SettingNames.ServerMode) is not { } mode || mode.Text.Equals("stdio", StringComparison.OrdinalIgnoreCase))
            return null;
        if (mode.Text.Equals("http", StringComparison.OrdinalIgnoreCase))
            return new HttpSettings(port, BindServerToken());
        Refuse(mode, "must be stdio or http");
        return null;
    }

    /// <summary>No default: whoever reaches the port asks with this hub's key, so the owner has to say who may.</summary>
    private string? BindServerToken()
    {
        var (token, file) = sources.FindEither(SettingNames.ServerToken, SettingNames.ServerTokenFile);
        if (token is not null && file is not null)
        {
            _errors.Add($"{SettingNames.ServerToken} and {SettingNames.ServerTokenFile} are both set ({token.Place}); set one of them.");
            return null;
        }

        if (token is null && file is null)
        {
            _errors.Add($"{SettingNames.ServerMode}=http needs {SettingNames.ServerTokenFile} or {SettingNames.ServerToken}, the token that clients send; {HttpSettings.NoToken} lets every program of this machine in.");
            return null;
        }

        var secret = file is not null ? ReadKeyFile(file) : token!.Text;
        if (secret is null || (file is null && secret == HttpSettings.NoToken))
            return null;
        if (secret.Length >= HttpSettings.MinTokenCharacters && !secret.AsSpan().ContainsAnyExceptInRange('!', '~'))
            return secret;
        _errors.Add($"{(file ?? token)!.Name}: the token must be at least {HttpSettings.MinTokenCharacters} visible ASCII characters without blanks.");
        return null;
    }

    private string? ReadKeyFile(SettingValue file)
    {
        try
        {
            var bytes = readFile(PathOf(file), MaxKeyFileBytes);
            var secret = bytes is null ? null : Encoding.UTF8.GetString(bytes).Trim();
            if (!string.IsNullOrEmpty(secret))
                return secret;
            Refuse(file, bytes is null ? "must name a file that exists" : "must name a file that holds the key; it is empty");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Refuse(file, $"must name a file that can be read: {failure.Message}");
        }

        return null;
    }

    /// <summary>As the backend reads the paths of the same file: <c>~/</c> is the home folder, and a relative path in the configuration file begins beside it.</summary>
    private string PathOf(SettingValue value) =>
        value.Place == SettingSources.FilePlace && ConfigPath(sources, homeFolder) is { } config && !value.Text.StartsWith('~')
            ? Path.Combine(Path.GetDirectoryName(config) ?? "", value.Text)
            : AtHome(value.Text, homeFolder);

    private static string AtHome(string path, string? homeFolder) =>
        homeFolder is not null && path.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(homeFolder, path[2..]) : path;

    private static string? ConfigPath(SettingSources sources, string? homeFolder) =>
        sources.Find(SettingNames.ConfigFile) is { } named ? AtHome(named.Text, homeFolder)
        : homeFolder is null ? null
        : Path.Combine(homeFolder, ".maestra", "config.json");

    private string? Name(string name, int maxCharacters, Func<string, bool> fits)
    {
        if (sources.Find(name) is not { } value)
            return null;
        if (fits(value.Text))
            return value.Text;
        Refuse(value, $"must be {ArgumentRules.NameRule(maxCharacters)}");
        return null;
    }

    private int BindTimeout() =>
        Number(SettingNames.TimeoutSeconds, MinTimeoutSeconds, MaxTimeoutSeconds, "whole number of seconds") ?? DefaultTimeoutSeconds;

    /// <summary>Off when not set: a second target asked early means text sent to the cloud that the local one would have answered.</summary>
    private TimeSpan? BindHedge() =>
        Number(SettingNames.HedgeMilliseconds, MinHedgeMilliseconds, MaxHedgeMilliseconds, "whole number of milliseconds") is { } delay
            ? TimeSpan.FromMilliseconds(delay)
            : null;

    private int? Number(string name, int min, int max, string kind)
    {
        if (sources.Find(name) is not { } value)
            return null;
        if (int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
            return number;
        Refuse(value, $"must be a {kind} from {min} to {max}");
        return null;
    }

    private LogLevel BindLogLevel()
    {
        if (sources.Find(SettingNames.LogLevel) is not { } value)
            return LogLevel.Information;
        LogLevel? level = value.Text.ToUpperInvariant() switch
        {
            "TRACE" => LogLevel.Trace,
            "DEBUG" => LogLevel.Debug,
            "INFO" or "INFORMATION" => LogLevel.Information,
            "WARNING" or "WARN" => LogLevel.Warning,
            "ERROR" => LogLevel.Error,
            _ => null,
        };
        if (level is null)
            Refuse(value, "must be TRACE, DEBUG, INFO, WARNING or ERROR");
        return level ?? LogLevel.Information;
    }

    private bool BindLogFormat()
    {
        if (sources.Find(SettingNames.LogFormat) is not { } value)
            return false;
        var isJson = value.Text.Equals("json", StringComparison.OrdinalIgnoreCase);
        if (!isJson && !value.Text.Equals("text", StringComparison.OrdinalIgnoreCase))
            Refuse(value, "must be text or json");
        return isJson;
    }

    private bool Flag(string name, bool defaultValue)
    {
        if (sources.Find(name) is not { } value)
            return defaultValue;
        if (SentValue.TryFlag(value.Text, out var flag))
            return flag;
        Refuse(value, "must be true, false, 1, 0, yes or no");
        return defaultValue;
    }

    private void Refuse(SettingValue value, string rule) =>
        _errors.Add($"{value.Name}={Texts.DisplayText.Clean(Shown(value))} ({value.Place}) {rule}.");

    /// <summary>What stands before an @ may be a password; and what should be a path, and looks like none, may be the secret itself.</summary>
    private static string Shown(SettingValue value)
    {
        var isSecret = value.Name is SettingNames.ApiKeyFile or SettingNames.ServerTokenFile && value.Text.IndexOfAny(['/', '\\', '.']) < 0;
        return isSecret ? $"(a text of {value.Text.Length} characters)"
            : value.Text.LastIndexOf('@') is var at and >= 0 ? $"…{value.Text[at..]}"
            : value.Text;
    }

    private static IReadOnlyDictionary<string, string> ReadConfigFile(
        SettingSources sources, ReadSettingFile readFile, string? homeFolder, List<string> errors)
    {
        var named = sources.Find(SettingNames.ConfigFile);
        if (ConfigPath(sources, homeFolder) is not { } path)
            return new Dictionary<string, string>();
        if (named is not null && !Path.IsPathFullyQualified(path))
        {
            errors.Add($"{named.Name}={Texts.DisplayText.Clean(path)} ({named.Place}) must be an absolute path, or one that begins with ~/.");
            return new Dictionary<string, string>();
        }

        try
        {
            if (readFile(path, ConfigFile.MaxBytes) is { } bytes)
                return ConfigFile.Parse(bytes, path, errors);
            if (named is not null)
                errors.Add($"{named.Name}={path} ({named.Place}) must name a file that exists.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors.Add($"{SettingNames.ConfigFile}={path} must name a file that can be read: {failure.Message}.");
        }

        return new Dictionary<string, string>();
    }
}
