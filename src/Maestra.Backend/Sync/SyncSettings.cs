using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Sync;

/// <summary>How this backend takes part in the exchange.</summary>
/// <param name="Interval">Between two rounds.</param>
/// <param name="Scope">Whose data may leave and come in, whatever the pairings say.</param>
internal sealed record SyncSettings(TimeSpan Interval, SyncScope Scope)
{
    public const int DefaultIntervalSeconds = 5;
    public const int MaxIntervalSeconds = 300;
    public const int MaxUsers = 1024;

    public static readonly SyncSettings Default = new(TimeSpan.FromSeconds(DefaultIntervalSeconds), SyncScope.Everybody);

    public static SyncSettings Bind(SettingReader reader)
    {
        var seconds = reader.Integer(SettingNames.SyncInterval, 1, MaxIntervalSeconds) ?? DefaultIntervalSeconds;
        var scope = SyncScope.Everybody;
        if (reader.Find(SettingNames.SyncUsers) is { } users)
        {
            var names = users.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            if (names.Length is 0 or > MaxUsers || names.Any(static name => !UserId.TryParse(name, out _)))
                reader.Refuse(users, "1 to 1,024 user ids, separated by commas");
            else if (names is not ["*"])
                scope = SyncScope.Of(names);
        }

        return new SyncSettings(TimeSpan.FromSeconds(seconds), scope);
    }
}
