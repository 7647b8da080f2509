using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>Where the backend's key is kept when no setting gives one: <c>identity.pem</c> in the state root, for its owner only.</summary>
internal static class IdentityFile
{
    private const string Name = "identity.pem";
    private const int MaxBytes = 16 * 1024;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Reads the key, or makes it on the first start. Idempotent; of two processes that make one at once, one key stays.</summary>
    public static IdentityOutcome Load(string stateRoot, BackendMode mode)
    {
        var path = Path.Combine(stateRoot, Name);
        try
        {
            if (!File.Exists(path))
                Make(stateRoot, path);
            if (new FileInfo(path).Length > MaxBytes)
                return new IdentityOutcome.Refused($"{path} is larger than {MaxBytes} bytes; it holds no private key");
            var pem = File.ReadAllText(path);
            return BackendIdentity.IsUsable(pem)
                ? new IdentityOutcome.Loaded(BackendIdentity.FromPem(pem, mode))
                : new IdentityOutcome.Refused($"{path} holds no RSA private key of {BackendIdentity.KeyBits} bits; put the right file back. Without it this backend would be another one to its peers.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new IdentityOutcome.Refused($"{path} cannot be read or made: {e.Message}");
        }
    }

    /// <summary>Written aside, flushed and then linked into place, so that a crash leaves a whole key or none and a second process never replaces the first one's.</summary>
    private static void Make(string stateRoot, string path)
    {
        PrivateFolder.Make(stateRoot);
        var temporary = $"{path}.{Environment.ProcessId}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(BackendIdentity.NewPem()));
            file.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process made the key meanwhile: that one is read.
            File.Delete(temporary);
        }
    }
}

/// <summary>What loading the identity gave.</summary>
internal abstract record IdentityOutcome
{
    private IdentityOutcome()
    {
    }

    public sealed record Loaded(BackendIdentity Identity) : IdentityOutcome;

    /// <param name="Reason">For the operator: what is wrong, with its path, and what to do.</param>
    public sealed record Refused(string Reason) : IdentityOutcome;
}
