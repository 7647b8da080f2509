using System.Text;
using System.Text.Json.Nodes;
using ConversationHub.Mcp.Settings;
using ConversationHub.Routing;
using ConversationHub.Testing;
using Microsoft.Extensions.Logging;

namespace ConversationHub.Mcp.Tests.Settings;

public sealed class SettingsBinderTests
{
    private const string Home = "/home/ada";

    private readonly Dictionary<string, string> _commandLine = [];
    private readonly Dictionary<string, string> _environment = [];
    private readonly Dictionary<string, string> _files = [];

    [Fact]
    public void Bind_Nothing_GivesTheDefaultsOfTheWireFormat()
    {
        var settings = Bind();
        Assert.Null(settings.Routing.LocalUrl);
        Assert.Null(settings.Routing.CloudUrl);
        Assert.True(settings.Routing.FallbackEnabled);
        Assert.Equal(Route.LocalFirst, settings.Routing.Route);
        Assert.Null(settings.Routing.ApiKey);
        Assert.Null(settings.Routing.HedgeDelay);
        Assert.Equal(Path.Combine(Home, ".maestra", "port"), settings.Routing.PortFile);
        Assert.Equal("anonymous", settings.UserId);
        Assert.Null(settings.SurfaceId);
        Assert.Equal(TimeSpan.FromSeconds(50), settings.Timeout);
        Assert.Equal(LogLevel.Information, settings.LogLevel);
        Assert.False(settings.LogAsJson);
        Assert.True(settings.WatchParent);
    }

    [Fact]
    public void Bind_LocalBackendId_IsKept()
    {
        _environment[SettingNames.LocalBackendId] = "local_sha256_eed292c6e467c8ef";

        Assert.Equal("local_sha256_eed292c6e467c8ef", Bind().Routing.LocalBackendId);
    }

    [Fact]
    public void Bind_HttpMode_HasPortAndToken()
    {
        Assert.Null(Bind().Http);
        _environment[SettingNames.ServerMode] = "HTTP";
        _environment[SettingNames.ServerToken] = "0123456789abcdef";

        Assert.Equal((8830, "0123456789abcdef"), (Bind().Http!.Port, Bind().Http!.Token));
        _environment[SettingNames.ServerPort] = "0";
        _environment[SettingNames.ServerToken] = "none";
        Assert.Equal((0, null), (Bind().Http!.Port, Bind().Http!.Token));
        _environment[SettingNames.ServerToken] = "too short";
        Assert.Contains("at least 16", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_WithoutAHome_NeedsNoFile()
    {
        Assert.NotNull(SettingsBinder.Bind(_commandLine, _environment, ReadFile, null, out var errors));
        Assert.Empty(errors);
    }

    [Fact]
    public void Bind_EveryPlace_CommandLineWinsThenEnvironmentThenFile()
    {
        _files[$"{Home}/.maestra/config.json"] = """{"MAESTRA_USER_ID":"file","MAESTRA_SURFACE_ID":"file","MAESTRA_TIMEOUT_SECONDS":20,"MAESTRA_FALLBACK_ENABLED":false}""";
        _environment[SettingNames.UserId] = "environment";
        _environment[SettingNames.SurfaceId] = "environment";
        _commandLine[SettingNames.UserId] = "command line";
        var settings = Bind();

        Assert.Equal("command line", settings.UserId);
        Assert.Equal("environment", settings.SurfaceId);
        Assert.Equal(TimeSpan.FromSeconds(20), settings.Timeout);
        Assert.False(settings.Routing.FallbackEnabled);
    }

    [Fact]
    public void Bind_Hedge_IsADelayInMilliseconds()
    {
        _environment[SettingNames.HedgeMilliseconds] = "250";
        Assert.Equal(TimeSpan.FromMilliseconds(250), Bind().Routing.HedgeDelay);
    }

    [Fact]
    public void Bind_EmptyVariable_CountsAsNotSet()
    {
        _environment[SettingNames.CloudUrl] = "";
        Assert.Null(Bind().Routing.CloudUrl);
    }

    /// <summary>The example is what people copy: it must bind, hold no secret, and say what the defaults say.</summary>
    [Fact]
    public void Bind_ExampleConfiguration_IsValidAndHoldsNoSecret()
    {
        var example = JsonNode.Parse(File.ReadAllText(RepositoryRoot.Combine("mcp_config.example.json")))!;
        var server = example["mcpServers"]!.AsObject().Single().Value!;
        foreach (var (name, value) in server["env"]!.AsObject())
            _environment[name] = (string)value!;
        var settings = Bind();

        Assert.True(Path.IsPathRooted((string)server["command"]!));
        Assert.Equal(new Uri("http://127.0.0.1:8825"), settings.Routing.LocalUrl);
        Assert.Equal(new Uri("https://maestra.example.com"), settings.Routing.CloudUrl);
        Assert.True(settings.Routing.FallbackEnabled);
        Assert.Null(settings.Routing.ApiKey);
    }

    [Theory]
    [InlineData(SettingNames.LocalUrl, "http://192.168.1.5:8825", "must be https")]
    [InlineData(SettingNames.LocalUrl, "localhost:8825", "must be an absolute http or https URL")]
    [InlineData(SettingNames.CloudUrl, "http://maestra.example.com", "must be https")]
    [InlineData(SettingNames.CloudUrl, "ftp://x", "must be an absolute http or https URL")]
    [InlineData(SettingNames.CloudUrl, "https://u:hunter2@x", "must hold no user name")]
    [InlineData(SettingNames.CloudUrl, "https://x/?key=hunter2", "must hold no user name")]
    [InlineData(SettingNames.FallbackEnabled, "maybe", "true, false, 1, 0, yes or no")]
    [InlineData(SettingNames.Route, "cloud-first", "local-first, local-only or cloud-only")]
    [InlineData(SettingNames.Route, "cloud-only", "needs MAESTRA_CLOUD_URL")]
    [InlineData(SettingNames.TimeoutSeconds, "56", "from 5 to 55")]
    [InlineData(SettingNames.TimeoutSeconds, "4", "from 5 to 55")]
    [InlineData(SettingNames.TimeoutSeconds, "5.5", "from 5 to 55")]
    [InlineData(SettingNames.HedgeMilliseconds, "9", "from 10 to 60000")]
    [InlineData(SettingNames.HedgeMilliseconds, "60001", "from 10 to 60000")]
    [InlineData(SettingNames.HedgeMilliseconds, "0.5", "whole number of milliseconds")]
    [InlineData(SettingNames.UserId, "a\u0001b", "1 to 128 characters")]
    [InlineData(SettingNames.LogLevel, "loud", "TRACE, DEBUG, INFO, WARNING or ERROR")]
    [InlineData(SettingNames.LogFormat, "xml", "text or json")]
    [InlineData(SettingNames.ApiKey, "two words", "visible ASCII")]
    [InlineData(SettingNames.ApiKeyFile, "/missing", "a file that exists")]
    [InlineData(SettingNames.ConfigFile, "/missing", "a file that exists")]
    [InlineData(SettingNames.LocalBackendId, "local_sha256_eed292c6e467c8e", "local_sha256_eed292c6e467c8ef")]
    [InlineData(SettingNames.LocalBackendId, "eed292c6e467c8ef", "GET /identity")]
    [InlineData(SettingNames.ServerMode, "sse", "stdio or http")]
    [InlineData(SettingNames.ServerMode, "http", "needs MCP_SERVER_TOKEN_FILE")]
    [InlineData(SettingNames.ServerPort, "70000", "must be a port (0 for a free one) from 0 to 65535")]
    public void Bind_BadValue_IsNamedWithWhatWouldBeRight(string name, string value, string rule)
    {
        _environment[name] = value;
        var error = Assert.Single(Errors());
        Assert.StartsWith(name, error, StringComparison.Ordinal);
        Assert.Contains(rule, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
        Assert.DoesNotContain("two words", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_ManyBadValues_AreListedAtOnce()
    {
        _environment[SettingNames.LocalUrl] = "nope";
        _environment[SettingNames.Route] = "nope";
        _commandLine[SettingNames.TimeoutSeconds] = "nope";
        _files[$"{Home}/.maestra/config.json"] = """{"LOG_LEVEL":["x"]}""";
        Assert.Equal(4, Errors().Count);
    }

    [Fact]
    public void Bind_CloudOnlyWithFallbackOff_IsAContradiction()
    {
        _environment[SettingNames.Route] = "cloud-only";
        _environment[SettingNames.CloudUrl] = "https://x";
        _environment[SettingNames.FallbackEnabled] = "no";
        Assert.Contains("contradicts", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9000")]
    [InlineData("http://[::1]:9000")]
    [InlineData("http://localhost:9000")]
    [InlineData("https://maestra.example.com")]
    public void Bind_CloudOnLoopbackOrHttps_IsAllowed(string url)
    {
        _environment[SettingNames.CloudUrl] = url;
        Assert.Equal(new Uri(url), Bind().Routing.CloudUrl);
    }

    [Fact]
    public void Bind_KeyFile_IsReadWithoutItsNewline()
    {
        _files["/secret"] = "0123456789abcdef\n";
        _environment[SettingNames.ApiKeyFile] = "/secret";
        Assert.Equal("0123456789abcdef", Bind().Routing.ApiKey);
    }

    [Fact]
    public void Bind_KeyAndKeyFileInOnePlace_AreRefused()
    {
        _files["/secret"] = "0123456789abcdef";
        _environment[SettingNames.ApiKeyFile] = "/secret";
        _environment[SettingNames.ApiKey] = "fedcba9876543210";
        Assert.DoesNotContain("fedcba", Assert.Single(Errors()), StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_KeyFileOfACloserPlace_WinsOverAKeyFurtherAway()
    {
        _files["/secret"] = "0123456789abcdef";
        _files[$"{Home}/.maestra/config.json"] = """{"MAESTRA_API_KEY":"fedcba9876543210"}""";
        _environment[SettingNames.ApiKeyFile] = "/secret";
        Assert.Equal("0123456789abcdef", Bind().Routing.ApiKey);
    }

    [Theory]
    [InlineData("not json", "is not JSON")]
    [InlineData("[]", "one JSON object")]
    [InlineData("""{"MAESTRA_USER_ID":{"a":1}}""", "must be a string, a number or a boolean")]
    [InlineData("""{"MAESTRA_USER_ID":"a","MAESTRA_USER_ID":"b"}""", "MAESTRA_USER_ID stands twice in /home/ada/.maestra/config.json")]
    [InlineData("""{"MAESTRA_FALBACK_ENABLED":false}""", "nobody reads 'MAESTRA_FALBACK_ENABLED' in /home/ada/.maestra/config.json; did you mean MAESTRA_FALLBACK_ENABLED?")]
    [InlineData("""{"maestra_route":"local-only"}""", "did you mean MAESTRA_ROUTE?")]
    [InlineData("""{"MAESTRA_LOCALURL":"http://127.0.0.1:1"}""", "did you mean MAESTRA_LOCAL_URL?")]
    [InlineData("""{"\ud800":"a"}""", "not Unicode")]
    [InlineData("""{"MAESTRA_USER_ID":"\ud800"}""", "not Unicode")]
    public void Bind_BrokenConfigFile_IsAnError(string content, string rule)
    {
        _files[$"{Home}/.maestra/config.json"] = content;
        Assert.Contains(rule, Assert.Single(Errors()), StringComparison.Ordinal);
    }

    /// <summary>It may forbid the cloud: what cannot be seen is not what is not there. (A loop of links, because root may enter everything else.)</summary>
    [Fact]
    public void Read_BehindAFolderThatCannotBeSeen_IsNotAnAbsentFile()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateSymbolicLink(folder.Combine("loop"), folder.Combine("loop"));

        Assert.ThrowsAny<IOException>(() => SettingFiles.Read(folder.Combine("loop", "config.json"), 100));
        Assert.Null(SettingFiles.Read(folder.Combine("none", "config.json"), 100));
    }

    /// <summary>As the backend reads the paths of the same file.</summary>
    [Theory]
    [InlineData("~/key", Home + "/key")]
    [InlineData("key", Home + "/.maestra/key")]
    [InlineData("/etc/key", "/etc/key")]
    public void Bind_PathInTheConfigFile_IsReadFromHomeOrBesideIt(string written, string read)
    {
        _files[$"{Home}/.maestra/config.json"] = $$"""{"MAESTRA_API_KEY_FILE":"{{written}}"}""";
        _files[read] = "0123456789abcdef";
        Assert.Equal("0123456789abcdef", Bind().Routing.ApiKey);
    }

    [Fact]
    public void Bind_HomeInAPathOfTheEnvironment_IsTheHomeFolder()
    {
        _files[$"{Home}/own.json"] = """{"MAESTRA_USER_ID":"ada"}""";
        _environment[SettingNames.ConfigFile] = "~/own.json";
        Assert.Equal("ada", Bind().UserId);
    }

    /// <summary>No configuration comes from the folder a program is started in.</summary>
    [Fact]
    public void Bind_RelativeConfigFileOrHome_IsAnError()
    {
        _files["own.json"] = """{"MAESTRA_USER_ID":"ada"}""";
        _environment[SettingNames.ConfigFile] = "own.json";
        Assert.Equal("MAESTRA_CONFIG_FILE=own.json (environment) must be an absolute path, or one that begins with ~/.", Assert.Single(Errors()));

        _environment.Clear();
        Assert.Null(SettingsBinder.Bind(_commandLine, _environment, ReadFile, "rel", out var errors));
        Assert.StartsWith("HOME=rel (environment) must be an absolute path", Assert.Single(errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_ConfigFileOfAnEditorOfWindows_IsRead()
    {
        _files[$"{Home}/.maestra/config.json"] = "\uFEFF{\"MAESTRA_USER_ID\":\"ada\"}\r\n";
        Assert.Equal("ada", Bind().UserId);
    }

    /// <summary>IDEs keep what a start says in files.</summary>
    [Theory]
    [InlineData(SettingNames.ApiKeyFile, "mk_0123456789abcdef", "0123456789")]
    [InlineData(SettingNames.ServerTokenFile, "0123456789abcdef0123456789abcdef", "0123456789")]
    [InlineData(SettingNames.CloudUrl, "ws://me:hunter2@host/", "hunter2")]
    [InlineData(SettingNames.CloudUrl, "https://me:hunter2@host name/", "hunter2")]
    [InlineData(SettingNames.CloudUrl, "https://me:hunter2@host/", "hunter2")]
    public void Bind_SecretInTheWrongPlace_IsNotRepeated(string name, string value, string secret)
    {
        _environment[SettingNames.ServerMode] = "http";
        _environment[name] = value;
        var errors = Errors();
        Assert.Contains(errors, error => error.StartsWith(name, StringComparison.Ordinal));
        Assert.DoesNotContain(errors, error => error.Contains(secret, StringComparison.Ordinal));
    }

    /// <summary>The place that README and mcp_config.example.json show.</summary>
    [Theory]
    [InlineData("MAESTRA_FALLBACK_ENABLE", "false", "MAESTRA_FALLBACK_ENABLE (environment): nobody reads it; did you mean MAESTRA_FALLBACK_ENABLED?")]
    [InlineData("MAESTRA_FALLBACK", "false", "did you mean MAESTRA_FALLBACK_ENABLED?")]
    [InlineData("MAESTRA_ROUTES", "local-only", "did you mean MAESTRA_ROUTE?")]
    [InlineData("maestra_rout", "local-only", "did you mean MAESTRA_ROUTE?")]
    [InlineData("MAESTRA_LOCAL_BACKENDID", "local_sha256_eed292c6e467c8ef", "did you mean MAESTRA_LOCAL_BACKEND_ID?")]
    [InlineData("MAESTRA_CONFIGFILE", "/etc/local-only.json", "did you mean MAESTRA_CONFIG_FILE?")]
    public void Bind_NameInTheEnvironmentThatIsAlmostOneOfWhereTextGoes_IsAnError(string name, string value, string error)
    {
        _environment[name] = value;
        Assert.Contains(error, Assert.Single(Errors()), StringComparison.Ordinal);
        _environment[name] = " ";
        Bind();
    }

    /// <summary>Both programs may be started from one environment; and of other names nothing is said, since they decide nothing.</summary>
    [Fact]
    public void Bind_NamesOfTheBackendAndOfOthersInTheEnvironment_AreNoMistake()
    {
        foreach (var name in (string[])
        [
            "MAESTRA_MODE", "MAESTRA_PORT", "MAESTRA_HOST", "MAESTRA_STATE_ROOT", "MAESTRA_API_KEYS", "MAESTRA_API_KEYS_FILE", "MAESTRA_KEY_STORE",
            "MAESTRA_PEERS", "MAESTRA_SYNC_USERS", "MAESTRA_METRICS_FILE", "MAESTRA_DEPENDENCIES", "MAESTRA_PROMPTS_FOLDER", "MAESTRA_OPENAI_KEY",
            "MAESTRA_RATE_LIMIT_ENABLED", "MAESTRA_SEARCH_INDEX", "MAESTRA_RETENTION_DAYS", "MAESTRA_HOME", "FALLBACK_ENABLED", "ROUTE", "MAESTRA_",
        ])
        {
            _environment[name] = "x";
        }

        Bind();
    }

    /// <summary>The backend reads the same file, and has more settings than the hub knows.</summary>
    [Fact]
    public void Bind_SettingsOfTheBackendInTheFile_AreNoMistake()
    {
        _files[$"{Home}/.maestra/config.json"] = """{"MAESTRA_MODE":"local","MAESTRA_PORT":8826,"MAESTRA_HOST":"127.0.0.1","LLM_FALLBACK":"none","MAESTRA_API_KEYS":"ada:0123456789abcdef","MAESTRA_PEERS":""}""";
        Bind();
    }

    private HubSettings Bind()
    {
        var settings = SettingsBinder.Bind(_commandLine, _environment, ReadFile, Home, out var errors);
        Assert.Empty(errors);
        return settings!;
    }

    private IReadOnlyList<string> Errors()
    {
        Assert.Null(SettingsBinder.Bind(_commandLine, _environment, ReadFile, Home, out var errors));
        return errors;
    }

    private byte[]? ReadFile(string path, int maxBytes) =>
        _files.TryGetValue(path, out var content) ? Encoding.UTF8.GetBytes(content) : null;
}
