using System.Globalization;
using ConversationHub.Store;

namespace Maestra.Backend.Commands;

/// <summary>
/// Shows how far a command has come: one line on a terminal, written over in place at most five times a second; what a piece of work came to in the end stays.
/// Thread-safe.
/// </summary>
internal sealed class ProgressLine(TextWriter terminal, TimeProvider time) : IProgress<StoreProgress>, IDisposable
{
    private const string ToStart = "\r\x1b[K";
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private StoreProgress? _last;
    private long? _shown;
    private bool _isOnLine;

    /// <summary>Whether somebody watches who can make use of it: a terminal, and nothing in the environment that asks for plain text.</summary>
    public static bool IsWanted(bool isTerminal, IReadOnlyDictionary<string, string> environment) =>
        isTerminal && !IsSet("CI", environment) && !IsSet("NO_COLOR", environment) && environment.GetValueOrDefault("TERM") != "dumb";

    public void Report(StoreProgress value)
    {
        lock (_gate)
        {
            if (_last is { } before && before.Doing != value.Doing)
                End_NeedsLock();
            _last = value;
            if (_shown is not { } at || time.GetElapsedTime(at) >= Interval)
                Show_NeedsLock();
        }
    }

    /// <summary>Takes the line away, for another one to be written there. It comes back with a later report.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            if (_isOnLine)
                terminal.Write(ToStart);
            _isOnLine = false;
            _shown = time.GetTimestamp();
        }
    }

    /// <summary>Leaves the last state of what was done.</summary>
    public void Dispose()
    {
        lock (_gate)
            End_NeedsLock();
    }

    private void Show_NeedsLock()
    {
        terminal.Write(ToStart + Text(_last!.Value));
        terminal.Flush();
        _isOnLine = true;
        _shown = time.GetTimestamp();
    }

    private void End_NeedsLock()
    {
        if (_last is null)
            return;
        Show_NeedsLock();
        terminal.Write('\n');
        (_last, _shown, _isOnLine) = (null, null, false);
    }

    private static string Text(StoreProgress at) => at.Total > 0
        ? string.Create(CultureInfo.InvariantCulture, $"{at.Doing}: {at.Done:N0} of {at.Total:N0} {at.Unit}")
        : string.Create(CultureInfo.InvariantCulture, $"{at.Doing}: {at.Done:N0} {at.Unit}");

    private static bool IsSet(string name, IReadOnlyDictionary<string, string> environment) => !string.IsNullOrEmpty(environment.GetValueOrDefault(name));
}
