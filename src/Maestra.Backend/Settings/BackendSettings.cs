using System.Net;
using ConversationHub.Contracts;
using Maestra.Backend.Access;
using Maestra.Backend.Costs;
using Maestra.Backend.Keys;
using Maestra.Backend.Peers;
using Maestra.Backend.Retention;
using Maestra.Backend.Sync;
using Maestra.Backend.Tokens;

namespace Maestra.Backend.Settings;

/// <summary>Which of its two lives the program leads.</summary>
internal enum BackendMode
{
    /// <summary>One developer's machine: loopback only, no key, one namespace.</summary>
    Local,

    /// <summary>A shared service: every request but health needs a key, each user has an own namespace.</summary>
    Cloud,
}

/// <summary>Who keeps the backend's key (<c>MAESTRA_KEY_STORE</c>).</summary>
internal enum KeyKeeper
{
    /// <summary>A file in the state root, for its owner only.</summary>
    File,

    /// <summary>The keychain of macOS.</summary>
    Keychain,

    /// <summary>The Secret Service of a Linux desktop.</summary>
    SecretService,
}

/// <summary>How a log line looks.</summary>
internal enum LogForm
{
    Text,
    Json,
}

/// <summary>Every setting, bound once and checked together.</summary>
internal sealed record BackendSettings
{
    public required BackendMode Mode { get; init; }

    /// <summary>Null: the first free one of 8825–8829. 0: any free one.</summary>
    public required int? Port { get; init; }

    /// <summary>Where to listen; 127.0.0.1 in local mode.</summary>
    public required IPAddress Host { get; init; }

    public required string ConversationRoot { get; init; }

    /// <summary>False: the log store keeps no search index, and a search looks through the newest messages only.</summary>
    public bool KeepsSearchIndex { get; init; } = true;

    /// <summary>Null: conversations are kept for good.</summary>
    public RetentionDays? Retention { get; init; }

    /// <summary>Connection string of PostgreSQL; null: the log store in <see cref="ConversationRoot"/>.</summary>
    public string? Database { get; init; }

    public required string StateRoot { get; init; }

    /// <summary>Where hubs look for the port of a local backend (wire.md §5).</summary>
    public required string PortFile { get; init; }

    /// <summary>Whom <c>anonymous</c> means in local mode.</summary>
    public required UserId User { get; init; }

    /// <summary>Whose an imported conversation is that names no owner: at the first start and by command alike.</summary>
    public UserId ImportOwner => Mode == BackendMode.Local ? User : UserId.Anonymous;

    /// <summary>Empty in local mode, where no key is needed.</summary>
    public required KeySettings Keys { get; init; }

    public RateLimitSettings RateLimit { get; init; } = RateLimitSettings.Off;

    /// <summary>Plain requests are sent to https.</summary>
    public bool EnforceHttps { get; init; }

    /// <summary>The issuer whose tokens stand in for keys; null for none.</summary>
    public TokenSettings? Tokens { get; init; }

    /// <summary>Proxies whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed; nobody else's are.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Origins that may call from a browser; empty for none.</summary>
    public required IReadOnlySet<string> CorsOrigins { get; init; }

    /// <summary>PEM of the backend's key; null when it is kept in the state root.</summary>
    public required string? PrivateKeyPem { get; init; }

    /// <summary>Where the key is kept when no setting gives it and no database holds it.</summary>
    public KeyKeeper KeyKeeper { get; init; }

    /// <summary>Of <c>MAESTRA_PEERS</c>.</summary>
    public IReadOnlyList<Peer> Peers { get; init; } = [];

    public SyncSettings Sync { get; init; } = SyncSettings.Default;

    public required AdvisorSettings Advisor { get; init; }

    public SignalSettings Signals { get; init; } = SignalSettings.None;

    public required CostLimits CostLimits { get; init; }

    /// <summary>Files there override the prompts of the modes; it need not exist.</summary>
    public required string PromptsFolder { get; init; }

    public required LogLevel LogLevel { get; init; }

    public required LogForm LogForm { get; init; }

    /// <summary>Things to say at the start that do not forbid it.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary><c>local</c> or <c>cloud</c>, as it is said on the wire.</summary>
    public string ModeName => Mode == BackendMode.Local ? WireFormat.SourceLocal : WireFormat.SourceCloud;
}

/// <summary>What binding the settings gave.</summary>
internal abstract record BindOutcome
{
    private BindOutcome()
    {
    }

    public sealed record Bound(BackendSettings Settings) : BindOutcome;

    /// <summary>One line for each mistake.</summary>
    public sealed record Refused(IReadOnlyList<string> Errors) : BindOutcome;
}
