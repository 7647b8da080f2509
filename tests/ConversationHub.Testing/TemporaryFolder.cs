namespace ConversationHub.Testing;

/// <summary>A folder of its own under the system's temporary folder, deleted with all it holds at the end.</summary>
public sealed class TemporaryFolder : IDisposable
{
    private const string MemoryDisk = "/dev/shm";

    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("maestra-test-").FullName;

    private TemporaryFolder(string path) => Path = Directory.CreateDirectory(path).FullName;

    public string Path { get; }

    /// <summary>On a disk in memory where the system has one, for tests that would spend their time on a real one.</summary>
    public static TemporaryFolder InMemory() => Directory.Exists(MemoryDisk)
        ? new TemporaryFolder(System.IO.Path.Combine(MemoryDisk, $"maestra-test-{Guid.NewGuid():N}"))
        : new TemporaryFolder();

    /// <summary>A path inside it, from its parts; nothing is created.</summary>
    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
