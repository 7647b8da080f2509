namespace Maestra.Backend.Identity;

/// <summary>
/// Where the text of <see cref="IdentityDocument"/> is kept. Safe to use from several processes: of two that write at once one wins,
/// and the other is told. A failure is a sentence for the operator.
/// </summary>
internal interface IIdentityVault
{
    /// <summary>For messages: the file, the table, the program.</summary>
    string Name { get; }

    /// <summary>Text null: nothing is kept yet. Idempotent.</summary>
    Task<(string? Text, string? Failure)> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Writes durably, if what is kept is still <paramref name="expected"/> (null: nothing).</summary>
    /// <returns>Whether it was; a failure leaves the old text.</returns>
    Task<(bool Written, string? Failure)> WriteAsync(string? expected, string text, CancellationToken cancellationToken);

    /// <summary>Something cheap that differs once the text was changed; null when it cannot be told now.</summary>
    Task<string?> StampAsync(CancellationToken cancellationToken);
}
