using System.Net;
using ConversationHub.Testing;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Settings;

public sealed class SettingsBinderTests : IDisposable
{
    private const string Key = "sixteen-characters";

    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Bind_NothingSet_HasTheDefaults()
    {
        var settings = Bind();

        Assert.Equal((BackendMode.Local, null, IPAddress.Loopback), (settings.Mode, settings.Port, settings.Host));
        Assert.Equal(_home.Combine(".8825", "conversations"), settings.ConversationRoot);
        Assert.Equal(_home.Combine(".8825"), settings.StateRoot);
        Assert.Equal(_home.Combine(".maestra", "port"), settings.PortFile);
        Assert.Equal("anonymous", settings.User.ToString());
        Assert.IsType<AdvisorSettings.Offline>(settings.Advisor);
        Assert.Equal((LogForm.Text, Microsoft.Extensions.Logging.LogLevel.Information), (settings.LogForm, settings.LogLevel));
        Assert.Empty(settings.Warnings);
    }

    [Fact]
    public void Bind_CloudWithAKey_ListensOnAllInterfacesAndLogsJson()
    {
        var settings = Bind(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", Key), ("PORT", "9000"));

        Assert.Equal((BackendMode.Cloud, 9000, IPAddress.IPv6Any), (settings.Mode, settings.Port, settings.Host));
        Assert.Equal(LogForm.Json, settings.LogForm);
        Assert.Equal(1, settings.Keys.Ring.Count);
    }

    [Fact]
    public void Bind_PortOfTheHost_CountsInCloudModeOnly()
    {
        Assert.Null(Bind(("PORT", "9000")).Port);
        Assert.Equal(9001, Bind(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", Key), ("PORT", "9000"), ("MAESTRA_PORT", "9001")).Port);
    }

    [Fact]
    public void Bind_CommandLineThenEnvironmentThenFile_T60()
    {
        Directory.CreateDirectory(_home.Combine(".maestra"));
        File.WriteAllText(_home.Combine(".maestra", "config.json"),
            """{"MAESTRA_MODE":"cloud","MAESTRA_PORT":7000,"MAESTRA_USER_ID":"from-file","MAESTRA_API_KEY":"key-from-the-file-1","TEST_MODE":true}""");

        var fromFile = Bind();
        var fromEnvironment = Bind(("MAESTRA_PORT", "7001"), ("MAESTRA_USER_ID", ""));
        var fromCommandLine = BindAll(new() { ["MAESTRA_MODE"] = "local", ["MAESTRA_PORT"] = "7002" }, ("MAESTRA_PORT", "7001"), ("MAESTRA_MODE", "cloud"));

        Assert.Equal((BackendMode.Cloud, 7000, "from-file"), (fromFile.Mode, fromFile.Port, fromFile.User.ToString()));
        Assert.IsType<AdvisorSettings.Test>(fromFile.Advisor);
        Assert.Equal((7001, "from-file"), (fromEnvironment.Port, fromEnvironment.User.ToString()));
        Assert.Equal((BackendMode.Local, 7002), (fromCommandLine.Mode, fromCommandLine.Port));
    }

    [Fact]
    public void Bind_ManyMistakes_ListsAllAtOnce()
    {
        var errors = Refuse(
            ("MAESTRA_MODE", "both"), ("MAESTRA_PORT", "70000"), ("MAESTRA_HOST", "0.0.0.0"), ("CONVERSATION_HUB_ROOT", "relative"),
            ("MAESTRA_USER_ID", "a\nb"), ("CORS_ORIGINS", "https://ok.example,*"), ("BACKEND_PRIVATE_KEY", "nonsense"), ("TEST_MODE", "maybe"),
            ("LLM_PROVIDER", "nobody"), ("LLM_BASE_URL", "http://models.example/v1"), ("LLM_MAX_TOKENS", "0"), ("LLM_PRICE_INPUT", "1"),
            ("LOG_LEVEL", "LOUD"), ("MAESTRA_LOG_FORMAT", "xml"), ("ENFORCE_HTTPS", "perhaps"),
            ("MAESTRA_CONFIG_FILE", _home.Combine("absent.json")));

        Assert.Equal(
            ["MAESTRA_CONFIG_FILE", "MAESTRA_MODE", "MAESTRA_PORT", "MAESTRA_HOST", "CONVERSATION_HUB_ROOT",
                "MAESTRA_USER_ID", "ENFORCE_HTTPS", "CORS_ORIGINS", "BACKEND_PRIVATE_KEY", "TEST_MODE", "LLM_PROVIDER", "LLM_MAX_TOKENS", "LLM_PRICE_INPUT",
                "LLM_BASE_URL", "LOG_LEVEL", "MAESTRA_LOG_FORMAT"],
            errors.Select(error => error.Split(' ', ':')[0]));
        Assert.Contains("MAESTRA_PORT (environment): '70000' is wrong; expected a whole number from 0 to 65535", errors);
    }

    /// <summary>A store takes every <c>*.json</c> in its folder for a conversation: what was spent and who is paired must not stand there.</summary>
    [Theory]
    [InlineData("data", "data")]
    [InlineData("data", "data/")]
    [InlineData("data", "other/../data")]
    [InlineData("data", "link")]
    [InlineData("data", "data/log")]
    [InlineData("data", "data/log/damaged")]
    [InlineData("data", "data/imported")]
    public void Bind_StateWhereTheStoreKeepsItsOwn_IsRefusedWithTheWayOut(string conversations, string state)
    {
        Directory.CreateDirectory(_home.Combine("data"));
        Directory.CreateSymbolicLink(_home.Combine("link"), _home.Combine("data"));
        foreach (var name in (string[])["peers.json", "maestra_cost_tracker.json", "audit.log.1", "main.json"])
            File.WriteAllText(_home.Combine("data", name), "{}");

        var error = Assert.Single(Refuse(("CONVERSATION_HUB_ROOT", _home.Combine(conversations)), ("MAESTRA_STATE_ROOT", $"{_home.Path}/{state}")));

        Assert.Contains("CONVERSATION_HUB_ROOT", error, StringComparison.Ordinal);
        Assert.Contains("MAESTRA_STATE_ROOT", error, StringComparison.Ordinal);
        Assert.Contains(_home.Combine("data", "state"), error, StringComparison.Ordinal);
        if (!state.StartsWith("data/log", StringComparison.Ordinal) && state != "data/imported")
            Assert.Contains("audit.log.1, maestra_cost_tracker.json, peers.json", error, StringComparison.Ordinal);
        Assert.DoesNotContain("main.json", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data", "data/state")]
    [InlineData("data/conversations", "data")]
    [InlineData("data", "data2")]
    [InlineData("data", "data/logs")]
    public void Bind_StateBesideTheStore_IsTaken(string conversations, string state) =>
        Assert.Empty(Bind(("CONVERSATION_HUB_ROOT", _home.Combine(conversations)), ("MAESTRA_STATE_ROOT", _home.Combine(state))).Warnings);

    /// <summary>The folder of conversations is not used then.</summary>
    [Fact]
    public void Bind_OneFolderWithADatabase_IsTaken() => Assert.NotNull(Bind(
        ("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", Key), ("DATABASE_URL", "postgres://ada:secret@db/hub"),
        ("CONVERSATION_HUB_ROOT", _home.Combine("data")), ("MAESTRA_STATE_ROOT", _home.Combine("data"))).Database);

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    public void Bind_CloudWithoutAKeyOf16Characters_IsRefused_T60(string key)
    {
        var errors = Refuse(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", key));

        Assert.StartsWith("MAESTRA_API_KEY", Assert.Single(errors), StringComparison.Ordinal);
        Assert.DoesNotContain("short'", errors[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_CorsStarInCloud_IsRefused() =>
        Assert.Contains("CORS_ORIGINS", Assert.Single(Refuse(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", Key), ("CORS_ORIGINS", "*"))), StringComparison.Ordinal);

    [Theory]
    [InlineData("JWT_SECRET_KEY")]
    [InlineData("JWT_JWKS_FILE")]
    public void Bind_TokensInLocalMode_AreToldToHaveNoEffect(string name) =>
        Assert.Contains(name, Assert.Single(Bind((name, "something")).Warnings), StringComparison.Ordinal);

    [Fact]
    public void Bind_DatabaseInCloud_IsTakenAndABadOneRefusedWithoutItsPassword()
    {
        var settings = Bind(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", Key), ("DATABASE_URL", "postgres://ada:secret@db/hub"));
        var error = Assert.Single(Refuse(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", Key), ("DATABASE_URL", "mysql://ada:secret@db/hub")));

        Assert.Contains("Host=db", settings.Database, StringComparison.Ordinal);
        Assert.StartsWith("DATABASE_URL", error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_CloudWithoutDatabase_WarnsThatOneReplicaOnlyMayRun() =>
        Assert.Contains(Bind(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY", Key)).Warnings, static warning => warning.Contains("only one replica", StringComparison.Ordinal));

    [Fact]
    public void Bind_DatabaseInLocal_IsWarnedOf()
    {
        var settings = Bind(("DATABASE_URL", "postgres://ada@db/hub"));

        Assert.Null(settings.Database);
        Assert.Contains("DATABASE_URL", Assert.Single(settings.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_SettingWithoutEffect_IsWarnedOf() =>
        Assert.Contains("REDIS_URL", Assert.Single(Bind(("REDIS_URL", "redis://x")).Warnings), StringComparison.Ordinal);

    [Fact]
    public void Bind_SyncInterval_HasItsEffectAndNoWarning()
    {
        var settings = Bind(("MAESTRA_SYNC_INTERVAL_SECONDS", "7"));

        Assert.Equal(TimeSpan.FromSeconds(7), settings.Sync.Interval);
        Assert.Empty(settings.Warnings);
    }

    /// <summary>Errors of the start go to journals and the logs of CI.</summary>
    [Theory]
    [InlineData("LLM_BASE_URL", "https://me:hunter2@host.example/v1", "host.example")]
    [InlineData("LLM_BASE_URL", "https://host.example/v1?api-key=hunter2", "host.example")]
    [InlineData("OPENAI_API_KEY_FILE", "sk-hunter2", "OPENAI_API_KEY_FILE")]
    [InlineData("MAESTRA_DEPENDENCIES", "a=http://u:hunter2@h.example,B=x", "'B=x' is none")]
    [InlineData("JH_BRAIN_URL", "ftp://u:hun@ter2@h.example/x", "h.example/x")]
    [InlineData("CORS_ORIGINS", "https://u:hunter2@h.example", "CORS_ORIGINS")]
    public void Bind_WrongValueHoldsASecret_TheErrorDoesNot(string name, string value, string shown)
    {
        var error = Assert.Single(Refuse((name, value)));

        Assert.Contains(shown, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_NameInTheFileThatNobodyReads_IsWarnedOfWithTheNearest()
    {
        Directory.CreateDirectory(_home.Combine(".maestra"));
        File.WriteAllText(
            _home.Combine(".maestra", "config.json"), """{"LLM_PROVIDR":"offline","no_such_thing":1,"MAESTRA_CLOUD_URL":"https://x","LOG_LEVEL":"INFO","MAESTRA_API_KEY_FILE":"/k"}""");

        Assert.Equal(
            ["configuration file: nobody reads 'LLM_PROVIDR'; did you mean LLM_PROVIDER?", "configuration file: nobody reads 'no_such_thing'"], Bind().Warnings);
    }

    /// <summary>Finding 34.</summary>
    [Fact]
    public void Bind_NameOfOursInTheEnvironmentThatNobodyReads_IsWarnedOfWithTheNearest() => Assert.Equal(
        ["environment: nobody reads 'MAESTRA_RETENTON_DAYS'; did you mean MAESTRA_RETENTION_DAYS?"],
        Bind(("MAESTRA_RETENTON_DAYS", "3"), ("LOG_LEVL", "INFO"), ("MAESTRA_LOCAL_URL", "http://127.0.0.1:1"), ("MAESTRA_API_KEY_FILE", "")).Warnings);

    /// <summary>What such a slip leaves open goes to peers, or to whoever asks.</summary>
    [Theory]
    [InlineData("MAESTRA_SYNC_USER", "MAESTRA_SYNC_USERS")]
    [InlineData("MAESTRA_SYNCUSERS", "MAESTRA_SYNC_USERS")]
    [InlineData("MAESTRA_MODES", "MAESTRA_MODE")]
    [InlineData("MAESTRA_HOSTS", "MAESTRA_HOST")]
    [InlineData("MAESTRA_HSOT", "MAESTRA_HOST")]
    [InlineData("MAESTRA_MOED", "MAESTRA_MODE")]
    [InlineData("maestra_host", "MAESTRA_HOST")]
    [InlineData("MAESTRA_APIKEY", "MAESTRA_API_KEY")]
    [InlineData("MAESTRA_API_KEYS_FILES", "MAESTRA_API_KEYS_FILE")]
    [InlineData("MAESTRA_CONFIGFILE", "MAESTRA_CONFIG_FILE")]
    public void Bind_NameThatIsAlmostOneOfWhoGetsText_EndsTheStart(string name, string meant)
    {
        Assert.Equal($"environment: nobody reads '{name}'; did you mean {meant}?", Assert.Single(Refuse((name, "ada"))));
        Assert.Empty(Bind((name, "")).Warnings);
        Directory.CreateDirectory(_home.Combine(".maestra"));
        File.WriteAllText(_home.Combine(".maestra", "config.json"), $$"""{"{{name}}":"ada"}""");
        Assert.Equal($"configuration file: nobody reads '{name}'; did you mean {meant}?", Assert.Single(Refuse()));
    }

    /// <summary>Somebody's own, as JAVA_HOME is, and those of the hub.</summary>
    [Fact]
    public void Bind_NameThatIsFurtherFromThose_IsAWarningAtMost()
    {
        Assert.Single(Bind(("MAESTRA_HOME", "/opt/maestra")).Warnings);
        Assert.Empty(Bind(("MAESTRA_ROUTE", "local-only"), ("MAESTRA_LOCAL_URL", "http://127.0.0.1:1"), ("MAESTRA_CLOUD_URL", "https://x")).Warnings);
    }

    [Fact]
    public void KnownSettings_AreAllThatHaveAName() => Assert.All(
        typeof(SettingNames).GetFields().Where(static field => field.Name is not (nameof(SettingNames.FileSuffix) or nameof(SettingNames.Prefix))),
        static field => Assert.True(KnownSettings.Has((string)field.GetRawConstantValue()!), field.Name));

    [Fact]
    public void Bind_PathOfASecret_IsReadLikeEveryOtherPath()
    {
        File.WriteAllText(_home.Combine("keys"), "# none yet\n");
        File.WriteAllText(_home.Combine("key"), Key);

        var settings = Bind(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY_FILE", "~/key"), ("MAESTRA_API_KEYS_FILE", "~/keys"));

        Assert.Equal(_home.Combine("keys"), settings.Keys.File);
        Assert.Contains("absolute path", Assert.Single(Refuse(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY_FILE", "key"))), StringComparison.Ordinal);
    }

    /// <summary>T54: whatever has an address is left alone, and its owner hears of it.</summary>
    [Fact]
    public void Bind_TestMode_OpensNoConnection_T54()
    {
        var settings = Bind(
            ("TEST_MODE", "true"), ("MAESTRA_SLACK_WEBHOOK_URL", "https://hooks.example/x"), ("AUDIT_WEBHOOK_URL", "https://audit.example"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example"), ("JH_BRAIN_URL", "https://brain.example"), ("MAESTRA_DEPENDENCIES", "a=https://a.example"));

        var signals = settings.Signals;
        Assert.Equal((null, null, null, null), (signals.SlackWebhook, signals.Audit.Webhook, signals.Audit.Splunk, signals.Otlp));
        Assert.All(signals.Dependencies, static dependency => Assert.Null(dependency.Url));
        Assert.Equal(5, settings.Warnings.Count(static warning => warning.Contains("has no effect with TEST_MODE", StringComparison.Ordinal)));
    }

    [Fact]
    public void Bind_SecretInAFile_IsRead()
    {
        File.WriteAllText(_home.Combine("key"), Key + "\n");

        var settings = Bind(("MAESTRA_MODE", "cloud"), ("MAESTRA_API_KEY_FILE", _home.Combine("key")));

        Assert.NotNull(settings.Keys.Ring.FindOwner(Key));
    }

    /// <summary>One line for both programs, where no shell puts the home in.</summary>
    [Fact]
    public void Bind_ConfigFileInTheHome_IsReadAndARelativeOneIsRefused()
    {
        File.WriteAllText(_home.Combine("c.json"), """{"MAESTRA_USER_ID":"ada"}""");

        Assert.Equal("ada", Bind(("MAESTRA_CONFIG_FILE", "~/c.json")).User.ToString());
        Assert.Equal("MAESTRA_CONFIG_FILE: 'c.json' is wrong; expected an absolute path, or one that begins with ~/", Assert.Single(Refuse(("MAESTRA_CONFIG_FILE", "c.json"))));
    }

    /// <summary>Each folder that it is started in would be another store.</summary>
    [Fact]
    public void Bind_RelativeHome_IsRefused()
    {
        var outcome = SettingsBinder.Bind(SettingSources.Load(new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = "rel" }));

        Assert.StartsWith("HOME: 'rel' is wrong; expected an absolute path", Assert.Single(Assert.IsType<BindOutcome.Refused>(outcome).Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Bind_ConfigFileOfAnEditorOfWindows_IsRead()
    {
        File.WriteAllText(_home.Combine("c.json"), "{\"MAESTRA_USER_ID\":\"ada\"}\r\n", new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: true));

        Assert.Equal("ada", Bind(("MAESTRA_CONFIG_FILE", _home.Combine("c.json"))).User.ToString());
    }

    /// <summary>A device says that it holds nothing, and has no end.</summary>
    /// <summary>Behind a folder that may not be entered (a loop of links, because root may enter everything else) a file is not absent.</summary>
    [Fact]
    public void Load_ConfigFileThatCannotBeSeen_IsRefused()
    {
        Directory.CreateSymbolicLink(_home.Combine(".maestra"), _home.Combine(".maestra"));
        var sources = SettingSources.Load(new Dictionary<string, string>(), new Dictionary<string, string> { ["HOME"] = _home.Path });

        Assert.Contains("cannot be read", Assert.Single(sources.File.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_ConfigFileWithoutEnd_IsRefused()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var sources = SettingSources.Load(new Dictionary<string, string>(), new Dictionary<string, string> { [SettingNames.ConfigFile] = "/dev/zero" });

        Assert.Equal("/dev/zero: larger than 1048576 bytes", Assert.Single(sources.File.Errors));
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "expected one JSON object")]
    [InlineData("""{"MAESTRA_PORT":[1]}""", "MAESTRA_PORT")]
    [InlineData("""{"MAESTRA_PORT":1,"MAESTRA_PORT":2}""", "MAESTRA_PORT (")]
    [InlineData("""{"\ud800":"a"}""", "not Unicode")]
    [InlineData("""{"MAESTRA_USER_ID":"\ud800"}""", "not Unicode")]
    public void Bind_BadConfigFile_IsRefused(string content, string expected)
    {
        File.WriteAllText(_home.Combine("c.json"), content);

        Assert.Contains(expected, Assert.Single(Refuse(("MAESTRA_CONFIG_FILE", _home.Combine("c.json")))), StringComparison.Ordinal);
    }

    private BackendSettings Bind(params (string Name, string Value)[] environment) => BindAll([], environment);

    private BackendSettings BindAll(Dictionary<string, string> commandLine, params (string Name, string Value)[] environment)
    {
        var outcome = SettingsBinder.Bind(Sources(commandLine, environment));
        return outcome is BindOutcome.Bound bound
            ? bound.Settings
            : throw new InvalidOperationException(string.Join('\n', ((BindOutcome.Refused)outcome).Errors));
    }

    private IReadOnlyList<string> Refuse(params (string Name, string Value)[] environment) =>
        Assert.IsType<BindOutcome.Refused>(SettingsBinder.Bind(Sources([], environment))).Errors;

    private SettingSources Sources(Dictionary<string, string> commandLine, (string Name, string Value)[] environment)
    {
        var variables = environment.ToDictionary(setting => setting.Name, setting => setting.Value);
        variables["HOME"] = _home.Path;
        return SettingSources.Load(commandLine, variables);
    }
}
