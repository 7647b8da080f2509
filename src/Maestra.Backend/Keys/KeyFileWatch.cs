using Maestra.Backend.Settings;

namespace Maestra.Backend.Keys;

/// <summary>
/// Takes up changes of the keys file while the backend runs: within two looks, a second apart. A file is taken once it has stayed
/// the same from one look to the next, so that one written in place is not read half done.
/// </summary>
internal sealed class KeyFileWatch : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly KeyFile _file;
    private readonly KeyRing _fixed;
    private readonly KeyBoard _board;
    private readonly ILogger<KeyFileWatch> _logger;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private (string, DateTime, long)? _taken;
    private (string, DateTime, long)? _seen;
    private bool _isAbsentTold;

    /// <param name="settings">Must name a keys file.</param>
    public KeyFileWatch(BackendSettings settings, KeyBoard board, TimeProvider time, ILogger<KeyFileWatch> logger)
    {
        _file = new KeyFile(settings.Keys.File ?? throw new ArgumentException("No keys file is set.", nameof(settings)));
        _fixed = settings.Keys.Fixed;
        _board = board;
        _logger = logger;
        // The text of the settings was read a moment ago; if it changed since then, the first looks take it up.
        _timer = time.CreateTimer(static watch => ((KeyFileWatch)watch!).Look(), this, Interval, Interval);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Look()
    {
        lock (_gate)
        {
            try
            {
                Look_NeedsLock();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It may be readable again at the next look; until then the keys of the last one count.
                _seen = null;
                TellOnce_NeedsLock(e.Message);
            }
        }
    }

    private void Look_NeedsLock()
    {
        var stamp = _file.Stamp();
        if (stamp is null)
        {
            TellOnce_NeedsLock("it is not there");
            return;
        }

        if (stamp == _taken)
        {
            _isAbsentTold = false;
            return;
        }

        if (stamp != _seen)
        {
            _seen = stamp;
            return;
        }

        var content = KeyFileText.Parse(_file.Read());
        foreach (var mistake in content.Mistakes)
            _logger.KeyLineIgnored(_file.Path, mistake);
        var isFirst = _taken is null;
        _taken = stamp;
        _isAbsentTold = false;
        _board.Replace(_fixed.With(content.Keys.Select(static key => key.Entry)));
        if (!isFirst)
            _logger.KeysTakenUp(_file.Path, _board.Current.Count);
    }

    private void TellOnce_NeedsLock(string reason)
    {
        if (_isAbsentTold)
            return;
        _isAbsentTold = true;
        _logger.KeysFileUnreadable(_file.Path, reason);
    }
}
