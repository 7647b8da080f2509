using ConversationHub.Testing;
using Maestra.Backend.Keys;

namespace Maestra.Backend.Tests.Keys;

public sealed class KeyFileTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int Commands = 12;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Change_ByManyAtOnce_LosesNoneAndIsForTheOwnerOnly()
    {
        var path = _folder.Combine("sub", "keys");

        await Task.WhenAll(Enumerable.Range(0, Commands).Select(number => Task.Run(() =>
            new KeyFile(path).ChangeAsync(text => $"{text}{number}\n", TimeProvider.System, CancellationToken.None))));

        Assert.Equal(Enumerable.Range(0, Commands), (await File.ReadAllLinesAsync(path)).Select(int.Parse).Order());
        if (!OperatingSystem.IsWindows())
            Assert.Equal(OwnerOnly, File.GetUnixFileMode(path));
        Assert.Equal(["keys", "keys.lock"], Directory.GetFiles(_folder.Combine("sub")).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task Change_ThroughALink_KeepsTheLink()
    {
        await File.WriteAllTextAsync(_folder.Combine("real"), "old\n");
        File.CreateSymbolicLink(_folder.Combine("link"), _folder.Combine("real"));

        await new KeyFile(_folder.Combine("link")).ChangeAsync(static text => text + "new\n", TimeProvider.System, CancellationToken.None);

        Assert.Equal(_folder.Combine("real"), new FileInfo(_folder.Combine("link")).LinkTarget);
        Assert.Equal("old\nnew\n", await File.ReadAllTextAsync(_folder.Combine("real")));
    }

    [Fact]
    public async Task Change_ToNull_LeavesTheFile()
    {
        var path = _folder.Combine("keys");

        await new KeyFile(path).ChangeAsync(static _ => null, TimeProvider.System, CancellationToken.None);

        Assert.False(File.Exists(path));
    }

    /// <summary>A full disk, a folder in the way: a command that fails leaves nothing lying about.</summary>
    [Fact]
    public async Task Change_FileCannotBeReplaced_LeavesNothingBehind()
    {
        var path = Directory.CreateDirectory(_folder.Combine("sub", "keys")).FullName;

        await Assert.ThrowsAnyAsync<Exception>(() => new KeyFile(path).ChangeAsync(static _ => "new\n", TimeProvider.System, CancellationToken.None));

        Assert.Equal(["keys", "keys.lock"], Directory.GetFileSystemEntries(_folder.Combine("sub")).Select(Path.GetFileName).Order());
    }
}
