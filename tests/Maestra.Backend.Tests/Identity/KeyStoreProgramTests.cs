using ConversationHub.Testing;
using ConversationHub.Testing.Processes;
using ConversationHub.Testing.Time;
using Maestra.Backend.Identity;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Identity;

/// <summary>
/// wire.md §9.1, issue 7: <c>MAESTRA_KEY_STORE</c> with the real program and stand-ins for the systems' own, which keep what they are
/// given in a file, write down how they were called, and behave as the real ones do.
/// </summary>
public sealed class KeyStoreProgramTests : IDisposable
{
    /// <summary>Takes what it is told on standard input, a command a line, and cuts it where Apple's does. An entry for each account.</summary>
    private const string Security = """
        if [ "$1" = find-generic-password ]; then
            [ "$2 $3 $4 $6" = "-s maestra-backend -a -w" ] || exit 2
            KEPT=$KEPT${5#????????????????}
            [ -f "$KEPT" ] || { echo "security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain." >&2; exit 44; }
            cat "$KEPT"
        elif [ "$*" = "-i" ]; then
            read -r line
            line=$(printf '%s' "$line" | cut -b -4095)
            set -- $line
            [ "$1 $2 $3 $4 $5 $7" = "add-generic-password -U -s maestra-backend -a -w" ] || exit 2
            printf '%s\n' "$8" >"$KEPT${6#????????????????}"
        else
            exit 2
        fi
        """;

    private const string SecretTool = """
        case "$1" in
        lookup)
            [ "$2 $3 $4" = "service maestra-backend account" ] || exit 2
            [ -f "$KEPT" ] || exit 1
            cat "$KEPT" ;;
        store)
            [ "$2 $4 $5 $6" = "--label service maestra-backend account" ] || exit 2
            cat >"$KEPT" ;;
        *) exit 2 ;;
        esac
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Kept => _folder.Combine("kept");

    private string Calls => _folder.Combine("calls");

    /// <summary>The key is made, found again, changed and found again; it is in no file of the state root and on no command line.</summary>
    [Theory]
    [InlineData("keychain", "security", Security)]
    [InlineData("secret-service", "secret-tool", SecretTool)]
    public async Task Key_IsMadeFoundAndChanged_AndOnNoCommandLine(string store, string name, string script)
    {
        Install(name, script);

        var made = await RunAsync(store, 0, "show");
        var again = await RunAsync(store, 0, "show");
        var changed = await RunAsync(store, 0, "rotate");
        var after = await RunAsync(store, 0, "show");
        await RunAsync(store, 0, "rotate");

        Assert.Equal(Backend(made), Backend(again));
        Assert.NotEqual(Backend(made), Backend(changed));
        Assert.Equal(Backend(changed), Backend(after));
        Assert.Contains($"former key   {Backend(made)}, counts until", after, StringComparison.Ordinal);
        Assert.Contains($"({name})", made, StringComparison.Ordinal);
        var secret = (await File.ReadAllTextAsync(Kept)).Trim();
        Assert.True(secret.Length > 1000, secret);
        var calls = await File.ReadAllTextAsync(Calls);
        Assert.All(calls.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => Assert.InRange(line.Length, 1, 200));
        Assert.DoesNotContain(secret[..32], calls, StringComparison.Ordinal);
        Assert.Equal(["identity.changed", "identity.lock"], Directory.GetFiles(_folder.Combine("state")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    /// <summary>A store that fails, that takes and keeps nothing, that holds something else, or that is not there, is told with what it said; no other key is made.</summary>
    [Theory]
    [InlineData("keychain", "security", "echo 'security: User interaction is not allowed.' >&2; exit 36", "ended with 36: security: User interaction is not allowed.")]
    [InlineData("secret-service", "secret-tool", "echo 'secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY' >&2; exit 1", "ended with 1: secret-tool: Cannot autolaunch D-Bus")]
    [InlineData("secret-service", "secret-tool", "[ \"$1\" = store ] && cat >/dev/null && exit 0; exit 1", "took the key and does not give it back")]
    [InlineData("secret-service", "secret-tool", "echo bm8gZ3ppcA==", "is not what this program wrote there")]
    [InlineData("secret-service", "other", "exit 0", "cannot be used")]
    public async Task Store_ThatFails_IsToldAndNoOtherKeyIsMade(string store, string name, string script, string expected)
    {
        Install(name, script);

        var said = await RunAsync(store, 1, "show", onlyOurPath: name == "other");

        Assert.Contains(expected, said, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.Combine("state", "identity.pem")));
        Assert.False(File.Exists(_folder.Combine("state", "identity.changed")));
    }

    /// <summary>Each change of the key leaves the secret of its pseudonyms: the program's line takes few, and all that are kept are kept.</summary>
    [Fact]
    public async Task Keychain_MoreChangesThanSecretsAreKept_TakesThemAllAndGivesThemBack()
    {
        const int KeptSecrets = 32;
        Install("security", Security);
        var program = new IdentityProgram(_folder.Combine("state"), KeyProgram.Keychain with { FileName = _folder.Combine("bin", "security") });
        var document = IdentityDocument.New(DateTimeOffset.UnixEpoch);
        for (var change = 0; change < KeptSecrets; change++)
            document = IdentityDocument.Rotate(document, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        Assert.Equal((true, null), await program.WriteAsync(null, document, CancellationToken.None));
        Assert.Equal((document, null), await program.ReadAsync(CancellationToken.None));

        var store = new IdentityStore(program, BackendMode.Local, new ManualTimeProvider());
        var before = Loaded(await store.LoadAsync(CancellationToken.None));
        var keys = Loaded(await store.RotateAsync(CancellationToken.None));
        Assert.Equal(before.Current.Id, keys.Previous!.Id);
        Assert.Equal(
            before.FormerPseudonyms.Select(static one => one.Export()).Prepend(before.Current.Identity.Pseudonyms.Export()).Take(KeptSecrets),
            Loaded(await store.LoadAsync(CancellationToken.None)).FormerPseudonyms.Select(static one => one.Export()));

        // Without that entry the keys are what they were; only old names are lost.
        File.Delete(Kept + ".former");
        Assert.Equal(keys.Current.Id, Loaded(await store.LoadAsync(CancellationToken.None)).Current.Id);
        Assert.Equal(keys.Current.Id, Loaded(await store.RotateAsync(CancellationToken.None)).Previous!.Id);
    }

    private static IdentityKeys Loaded(IdentityOutcome outcome) => Assert.IsType<IdentityOutcome.Loaded>(outcome).Keys;

    /// <summary>A locked store looks empty: a new key would take the place of the one in it.</summary>
    [Fact]
    public async Task Store_ThatIsLocked_IsNotTakenForAnEmptyOne()
    {
        Install("secret-tool", SecretTool);
        var made = await RunAsync("secret-service", 0, "show");
        File.Move(Kept, Kept + ".locked");

        var locked = await RunAsync("secret-service", 1, "show");
        Assert.Contains("unlock it", locked, StringComparison.Ordinal);
        Assert.Contains("identity.changed", locked, StringComparison.Ordinal);
        Assert.Contains("unlock it", await RunAsync("secret-service", 1, "rotate"), StringComparison.Ordinal);
        Assert.False(File.Exists(Kept));

        File.Move(Kept + ".locked", Kept);
        Assert.Equal(Backend(made), Backend(await RunAsync("secret-service", 0, "show")));
    }

    /// <summary>The Secret Service itself, with a key ring that is unlocked, and one that is not.</summary>
    [SecretServiceFact]
    public async Task SecretService_ItselfUnlockedAndLocked_KeepsTheKey()
    {
        const string Steps = """
            printf 'a password\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
            "$PROGRAM" identity show && "$PROGRAM" identity show && "$PROGRAM" identity rotate && "$PROGRAM" identity show
            """;

        var unlocked = await InSessionAsync(Steps);
        var shown = unlocked.Split('\n').Where(static line => line.StartsWith("backend ", StringComparison.Ordinal)).Select(static line => line[8..].Trim()).ToList();
        var locked = await InSessionAsync("gnome-keyring-daemon --start --components=secrets >/dev/null; \"$PROGRAM\" identity show");

        Assert.True(shown.Count == 4, unlocked);
        Assert.Equal((shown[0], shown[2]), (shown[1], shown[3]));
        Assert.NotEqual(shown[0], shown[2]);
        Assert.False(File.Exists(_folder.Combine("state", "identity.pem")));
        Assert.DoesNotContain("backend  ", locked, StringComparison.Ordinal);
        Assert.Contains("the Secret Service (secret-tool) gives no key, and it was given one: unlock it", locked, StringComparison.Ordinal);
    }

    private static string Backend(string shown) => shown.Split('\n').First(static line => line.StartsWith("backend ", StringComparison.Ordinal))[8..].Trim();

    /// <summary>A script under the program's name, which writes its arguments down first, as <c>ps</c> would show them.</summary>
    private void Install(string name, string script)
    {
        Directory.CreateDirectory(_folder.Combine("bin"));
        var path = _folder.Combine("bin", name);
        File.WriteAllText(path, $"#!/bin/sh\nKEPT='{Kept}'\ntr '\\0' ' ' </proc/$$/cmdline >>'{Calls}'\necho >>'{Calls}'\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private ProgramStart Start(string fileName, string store, params string[] arguments) => new ProgramStart(fileName, _folder.Path, arguments)
        .With("MAESTRA_STATE_ROOT", _folder.Combine("state")).With("MAESTRA_KEY_STORE", store);

    private async Task<string> RunAsync(string store, int exitCode, string verb, bool onlyOurPath = false)
    {
        var path = onlyOurPath ? _folder.Combine("bin") : $"{_folder.Combine("bin")}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}";
        var result = await RunningProgram.RunAsync(Start(BuiltPrograms.Backend, store, "identity", verb).With("PATH", path));
        var text = result.OutputText + "\n" + result.ErrorText;
        Assert.True(result.ExitCode == exitCode, $"identity {verb} ended with {result.ExitCode}, expected {exitCode}:\n{text}");
        return text;
    }

    /// <summary>Steps of a shell in a session of their own, whose bus and key ring end with it.</summary>
    private async Task<string> InSessionAsync(string steps)
    {
        var run = Directory.CreateDirectory(_folder.Combine("run")).FullName;
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(run, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var result = await RunningProgram.RunAsync(Start(SecretServiceFactAttribute.Session, "secret-service", "--", "/bin/sh", "-c", steps)
            .With("XDG_RUNTIME_DIR", run).With("XDG_DATA_HOME", _folder.Combine("data")).With("PROGRAM", BuiltPrograms.Backend));
        return result.OutputText + "\n" + result.ErrorText;
    }
}
