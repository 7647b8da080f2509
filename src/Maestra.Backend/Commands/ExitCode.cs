namespace Maestra.Backend.Commands;

/// <summary>How the program ends (wire.md §13).</summary>
internal static class ExitCode
{
    public const int Ended = 0;

    /// <summary>A command about peers or the key could not do what it was asked; it has said why.</summary>
    public const int Refused = 1;

    /// <summary>A setting or an argument is wrong; nothing was bound.</summary>
    public const int BadSettings = 2;

    public const int NoPort = 3;

    /// <summary>The store or the state beside it is locked or unusable.</summary>
    public const int StoreUnusable = 4;
}
