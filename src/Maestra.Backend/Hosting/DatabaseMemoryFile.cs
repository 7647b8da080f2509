using ConversationHub.Store;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Hosting;

/// <summary>What was seen of the database, in a small file of the state root. Where none can be kept, this is said once.</summary>
internal sealed class DatabaseMemoryFile(string stateRoot, ILogger logger) : IDatabaseMemory
{
    public const string FileName = "database.seen";

    private readonly string _path = Path.Combine(stateRoot, FileName);
    private string? _saved;
    private bool _isFailing;

    public string? Load()
    {
        try
        {
            return _saved = File.Exists(_path) ? File.ReadAllText(_path).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(e);
            return null;
        }
    }

    public void Save(string seen)
    {
        if (seen == _saved)
            return;
        try
        {
            PrivateFolder.Make(stateRoot);
            OwnerOnlyFile.Replace(_path, seen + "\n");
            (_saved, _isFailing) = (seen, false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Tell(e);
        }
    }

    private void Tell(Exception error)
    {
        if (!_isFailing)
            logger.DatabaseMemoryUnusable(_path, error.Message);
        _isFailing = true;
    }
}
