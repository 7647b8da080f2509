namespace Maestra.Backend.Identity;

/// <summary>A key that the settings give (<c>BACKEND_PRIVATE_KEY</c>): it is read, and changed where it comes from.</summary>
internal sealed class IdentitySetting(string pem) : IIdentityVault
{
    public string Name => "BACKEND_PRIVATE_KEY";

    public Task<(string? Text, string? Failure)> ReadAsync(CancellationToken cancellationToken) => Task.FromResult<(string?, string?)>((pem, null));

    public Task<(bool Written, string? Failure)> WriteAsync(string? expected, string text, CancellationToken cancellationToken) =>
        Task.FromResult<(bool, string?)>((false,
            "the key is given by BACKEND_PRIVATE_KEY and cannot be changed here; put the new key there, restart, and pair anew with every peer"));

    public Task<string?> StampAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
