using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Import;

/// <summary><c>imports.json</c>: what was imported, so that nothing is imported twice. Not thread-safe.</summary>
internal sealed class ImportJournal
{
    private readonly LogFolder _folder;
    private readonly IDisk _disk;
    private readonly List<ImportRecord> _records;
    private readonly HashSet<string> _known;

    private ImportJournal(LogFolder folder, IDisk disk, List<ImportRecord> records)
    {
        _folder = folder;
        _disk = disk;
        _records = records;
        _known = [.. records.Select(static record => record.Sha256)];
    }

    public IReadOnlyList<ImportRecord> Records => _records;

    /// <summary>A journal that is missing or damaged only makes files be looked at again, and that changes nothing.</summary>
    public static ImportJournal Read(LogFolder folder, IDisk disk)
    {
        try
        {
            var records = File.Exists(folder.Imports)
                ? JsonSerializer.Deserialize(File.ReadAllBytes(folder.Imports), MaestraJson.Readable.IReadOnlyListImportRecord)
                : null;
            return new ImportJournal(folder, disk, [.. records ?? []]);
        }
        catch (JsonException)
        {
            return new ImportJournal(folder, disk, []);
        }
    }

    public bool Knows(string sha256) => _known.Contains(sha256);

    public void Add(ImportRecord record)
    {
        _records.Add(record);
        _known.Add(record.Sha256);
    }

    public void Save() => AtomicFile.Replace(
        _folder.Imports,
        [.. JsonSerializer.SerializeToUtf8Bytes(_records, MaestraJson.Readable.IReadOnlyListImportRecord), (byte)'\n'],
        _disk);
}
