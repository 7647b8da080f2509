using Maestra.Backend.Settings;

namespace Maestra.Backend.Identity;

/// <summary>Keeps the backend's key where no setting says otherwise: <c>identity.pem</c> in the state root, for its owner only.</summary>
internal sealed class IdentityFile(string stateRoot) : IIdentityVault
{
    public const string FileName = "identity.pem";
    private const int MaxBytes = 16 * 1024;

    private readonly string _path = Path.Combine(stateRoot, FileName);

    public string Name => _path;

    public Task<(string? Text, string? Failure)> ReadAsync(CancellationToken cancellationToken) => Task.FromResult(Guard(Read));

    public async Task<(bool Written, string? Failure)> WriteAsync(string? expected, string text, CancellationToken cancellationToken)
    {
        try
        {
            PrivateFolder.Make(stateRoot);
            using var held = await StateLock.TakeAsync(_path + ".lock", cancellationToken);
            var (present, failure) = Read();
            if (failure is not null || present != expected)
                return (false, failure);
            OwnerOnlyFile.Replace(_path, text);
            return (true, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (false, Unusable(e));
        }
    }

    public Task<string?> StampAsync(CancellationToken cancellationToken)
    {
        try
        {
            var file = new FileInfo(_path);
            return Task.FromResult<string?>(file.Exists ? $"{file.LastWriteTimeUtc.Ticks} {file.Length}" : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Task.FromResult<string?>(null);
        }
    }

    private (string? Text, string? Failure) Read()
    {
        var file = new FileInfo(_path);
        if (!file.Exists)
            return (null, null);
        if (file.Length > MaxBytes)
            return (null, $"{_path} is larger than {MaxBytes} bytes; it holds no private key");
        var text = File.ReadAllText(_path);
        return (IdentityDocument.SaysWhenMade(text) ? text : IdentityDocument.MadeAt(file.LastWriteTimeUtc, text), null);
    }

    private (string? Text, string? Failure) Guard(Func<(string?, string?)> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, Unusable(e));
        }
    }

    private string Unusable(Exception e) => $"{_path} cannot be read or made: {e.Message.TrimEnd('.')}; {SettingNames.StateRoot} names another folder for it";
}
