using Maestra.Backend.Identity;

namespace Maestra.Backend.Erasures;

/// <summary>
/// How far the erasures of the store were looked through, in a small file. Lost or unreadable, all are looked through again, which changes nothing.
/// </summary>
internal sealed class ErasurePlaceFile(string path, ILogger logger)
{
    private string? _saved;
    private bool _isFailing;

    public string? Load()
    {
        try
        {
            return _saved = File.Exists(path) ? File.ReadAllText(path).Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.ErasurePlaceUnreadable(path, e.Message);
            return null;
        }
    }

    public void Save(string place)
    {
        if (place == _saved)
            return;
        try
        {
            PrivateFolder.Make(Path.GetDirectoryName(path)!);
            OwnerOnlyFile.Replace(path, place + "\n");
            (_saved, _isFailing) = (place, false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_isFailing)
                logger.ErasurePlaceNotKept(path, e.Message);
            _isFailing = true;
        }
    }
}
