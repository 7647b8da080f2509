namespace Maestra.Backend.Identity;

/// <summary>How one of the systems' programs is spoken to.</summary>
/// <param name="Name">For messages.</param>
/// <param name="FileName">Found on the PATH.</param>
/// <param name="NotFoundExitCode">When there is no such entry.</param>
/// <param name="SaysNotFound">Whether what it wrote to standard error means no more than that.</param>
/// <param name="MaxInputCharacters">What it takes on standard input; more would be cut, and the cut half kept.</param>
internal sealed record KeyProgram(
    string Name,
    string FileName,
    int NotFoundExitCode,
    Func<string, bool> SaysNotFound,
    int MaxInputCharacters,
    Func<string, IReadOnlyList<string>> ReadArguments,
    Func<string, IReadOnlyList<string>> WriteArguments,
    Func<string, string, string> WriteInput)
{
    private const string Service = "maestra-backend";

    /// <summary>
    /// macOS: commands come over standard input, so that the secret is on no command line. Apple's <c>security</c> reads them into
    /// 4,096 bytes and runs what has fitted.
    /// </summary>
    public static readonly KeyProgram Keychain = new(
        "the keychain (security)",
        "security",
        NotFoundExitCode: 44,
        static error => error.Contains("could not be found", StringComparison.Ordinal),
        MaxInputCharacters: 4000,
        static account => ["find-generic-password", "-s", Service, "-a", account, "-w"],
        static _ => ["-i"],
        static (account, secret) => $"add-generic-password -U -s {Service} -a {account} -w {secret}\n");

    /// <summary>The Secret Service of freedesktop.org, as GNOME and KDE have it; the secret comes over standard input.</summary>
    public static readonly KeyProgram SecretService = new(
        "the Secret Service (secret-tool)",
        "secret-tool",
        NotFoundExitCode: 1,
        static _ => false,
        MaxInputCharacters: 64 * 1024,
        static account => ["lookup", "service", Service, "account", account],
        static account => ["store", "--label", "Key of maestra-backend", "service", Service, "account", account],
        static (_, secret) => secret);
}
