using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>Loads, makes and changes the backend's keys in a vault.</summary>
internal sealed class IdentityStore(IIdentityVault vault, BackendMode mode, TimeProvider time)
{
    public IIdentityVault Vault => vault;

    /// <summary>Reads the keys; the first start makes one. Idempotent; of two processes that make one at once, one key stays and both have it.</summary>
    public async Task<IdentityOutcome> LoadAsync(CancellationToken cancellationToken)
    {
        var (text, failure) = await vault.ReadAsync(cancellationToken);
        if (failure is null && text is null)
        {
            (_, failure) = await vault.WriteAsync(null, IdentityDocument.New(time.GetUtcNow()), cancellationToken);
            if (failure is null)
                (text, failure) = await vault.ReadAsync(cancellationToken);
        }

        if (failure is not null)
            return new IdentityOutcome.Refused(failure);
        return text is not null && IdentityDocument.TryParse(text, mode, time.GetUtcNow()) is { } keys
            ? new IdentityOutcome.Loaded(keys)
            : Broken();
    }

    /// <summary>Puts a new key in the present one's place; the present one goes on verifying for <see cref="IdentityKeys.Grace"/>.</summary>
    public async Task<IdentityOutcome> RotateAsync(CancellationToken cancellationToken)
    {
        var (text, failure) = await vault.ReadAsync(cancellationToken);
        if (failure is not null)
            return new IdentityOutcome.Refused(failure);
        var now = time.GetUtcNow();
        if (text is null)
            return new IdentityOutcome.Refused($"{vault.Name} holds no key yet; the first start makes one");
        if (IdentityDocument.TryParse(text, mode, now) is null)
            return Broken();
        var rotated = IdentityDocument.Rotate(text, now, now);
        (var written, failure) = await vault.WriteAsync(text, rotated, cancellationToken);
        if (failure is not null)
            return new IdentityOutcome.Refused(failure);
        return written
            ? new IdentityOutcome.Loaded(IdentityDocument.TryParse(rotated, mode, now)!)
            : new IdentityOutcome.Refused($"the key in {vault.Name} was changed by somebody else at this moment; look with identity show");
    }

    private IdentityOutcome.Refused Broken() => new(
        $"{vault.Name} holds no RSA private key of {BackendIdentity.KeyBits} bits; put the right one back. Without it this backend would be another one to its peers.");
}

/// <summary>What loading the identity gave.</summary>
internal abstract record IdentityOutcome
{
    private IdentityOutcome()
    {
    }

    public sealed record Loaded(IdentityKeys Keys) : IdentityOutcome;

    /// <param name="Reason">For the operator: what is wrong, with its place, and what to do.</param>
    public sealed record Refused(string Reason) : IdentityOutcome;
}
