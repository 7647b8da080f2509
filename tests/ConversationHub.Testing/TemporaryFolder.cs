namespace ConversationHub.Testing;

/// <summary>A folder of its own under the system's temporary folder, deleted with all it holds at the end.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("maestra-test-").FullName;

    public string Path { get; }

    /// <summary>A path inside it, from its parts; nothing is created.</summary>
    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
