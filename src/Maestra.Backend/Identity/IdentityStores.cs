using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>Chooses where the key is kept: a setting wins, then the database that replicas share, then this machine (wire.md §9.1).</summary>
internal static class IdentityStores
{
    public static IdentityStore Of(BackendSettings settings, TimeProvider time, ILogger? logger = null) => new(Vault(settings, logger), settings.Mode, time);

    private static IIdentityVault Vault(BackendSettings settings, ILogger? logger) => settings switch
    {
        { PrivateKeyPem: { } pem } => new IdentitySetting(pem),
        { Database: { } database } => new IdentityTable(database, logger),
        { KeyKeeper: KeyKeeper.Keychain } => new IdentityProgram(settings.StateRoot, KeyProgram.Keychain),
        { KeyKeeper: KeyKeeper.SecretService } => new IdentityProgram(settings.StateRoot, KeyProgram.SecretService),
        _ => new IdentityFile(settings.StateRoot),
    };
}
