using System.Globalization;
using ConversationHub.Testing.Network;
using ConversationHub.Testing.Processes;

namespace ConversationHub.Testing.Postgres;

/// <summary>A throw-away PostgreSQL server on a free loopback port, which can be killed and started again over the same data.</summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private const string User = "maestra";
    private const string ReadyLine = "database system is ready to accept connections";

    // PostgreSQL refuses to run as root; Debian's package makes this user.
    private static readonly string[] AsPostgres = ["--reuid=postgres", "--regid=postgres", "--clear-groups"];

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort.Find();
    private RunningProgram? _program;

    private PostgresCluster()
    {
    }

    /// <summary>Folder of its files.</summary>
    public string DataFolder => _folder.Combine("data");

    /// <summary>Address of a database in it.</summary>
    public string Url(string database) => string.Create(CultureInfo.InvariantCulture, $"postgres://{User}@127.0.0.1:{_port}/{database}");

    /// <exception cref="InvalidOperationException">It could not be made; the message holds what it said.</exception>
    public static async Task<PostgresCluster> StartAsync()
    {
        if (PostgresTools.Programs is null)
            throw new InvalidOperationException(PostgresTools.NeedsPrograms);
        var cluster = new PostgresCluster();
        try
        {
            if (Environment.IsPrivilegedProcess)
                await RunAsync(new ProgramStart("/bin/chown", cluster._folder.Path, "postgres", cluster._folder.Path));
            await RunAsync(cluster.Describe("initdb", "-D", cluster.DataFolder, "-U", User, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"));
            await cluster.StartServerAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>After <see cref="KillAsync"/>: the same data on the same port.</summary>
    public async Task StartServerAsync()
    {
        _program = RunningProgram.Start(Describe(
            "postgres", "-D", DataFolder, "-p", _port.ToString(CultureInfo.InvariantCulture), "-k", _folder.Path, "-c", "listen_addresses=127.0.0.1"));
        await _program.Error.FirstAsync(static line => line.Contains(ReadyLine, StringComparison.Ordinal));
    }

    /// <summary>SIGKILL to the server and every process of it.</summary>
    public async Task KillAsync()
    {
        if (_program is null)
            return;
        await _program.DisposeAsync();
        _program = null;
    }

    /// <summary>SIGSTOP to the server and every process of it: connections are taken and nothing is answered, until <see cref="ResumeAsync"/>.</summary>
    public Task SuspendAsync() => SignalAsync("-STOP");

    public Task ResumeAsync() => SignalAsync("-CONT");

    /// <summary>A dump of a database, in a file of this cluster's folder.</summary>
    public async Task<string> DumpAsync(string database)
    {
        var path = _folder.Combine($"{Guid.NewGuid():N}.dump");
        await RunAsync(Describe("pg_dump", "-Fc", "-f", path, "-d", Url(database)));
        return path;
    }

    /// <summary>Reads a dump back over the tables that are there, while whoever is connected stays so.</summary>
    public Task ReadBackAsync(string dump, string database) =>
        RunAsync(Describe("pg_restore", "--clean", "--if-exists", "--single-transaction", "-d", Url(database), dump));

    /// <summary>Reads the rows of a dump back into the tables that are there, emptied before.</summary>
    public async Task ReadRowsBackAsync(string dump, string database, string schema)
    {
        const string Truncate = "DO $$ BEGIN EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables WHERE schemaname = '{0}'); END $$";
        await RunAsync(Describe("psql", "-v", "ON_ERROR_STOP=1", "-c", Truncate.Replace("{0}", schema, StringComparison.Ordinal), "-d", Url(database)));
        await RunAsync(Describe("pg_restore", "--data-only", "--disable-triggers", "--single-transaction", "-d", Url(database), dump));
    }

    /// <summary>A copy of its files, taken while it is down.</summary>
    public async Task<string> CopyFilesAsync()
    {
        var copy = _folder.Combine($"{Guid.NewGuid():N}.copy");
        await KillAsync();
        await RunAsync(new ProgramStart("/bin/cp", _folder.Path, "-a", DataFolder, copy));
        await StartServerAsync();
        return copy;
    }

    /// <summary>Puts a copy of its files back in their place and starts it.</summary>
    public async Task PutFilesBackAsync(string copy)
    {
        await KillAsync();
        Directory.Delete(DataFolder, recursive: true);
        await RunAsync(new ProgramStart("/bin/cp", _folder.Path, "-a", copy, DataFolder));
        await StartServerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _folder.Dispose();
    }

    /// <summary>The server first: while it stands it makes no more processes.</summary>
    private async Task SignalAsync(string signal)
    {
        var server = (await File.ReadAllLinesAsync(Path.Combine(DataFolder, "postmaster.pid")))[0];
        await RunAsync(new ProgramStart("/bin/kill", _folder.Path, signal, server));
        foreach (var child in (await File.ReadAllTextAsync($"/proc/{server}/task/{server}/children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            // One that has ended meanwhile needs no signal.
            await RunningProgram.RunAsync(new ProgramStart("/bin/kill", _folder.Path, signal, child));
        }
    }

    private static async Task RunAsync(ProgramStart start)
    {
        var result = await RunningProgram.RunAsync(start);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{start.FileName} ended with {result.ExitCode}:\n{string.Join('\n', result.Output.Concat(result.Error))}");
    }

    private ProgramStart Describe(string program, params string[] arguments)
    {
        var path = Path.Combine(PostgresTools.Programs!, program);
        return Environment.IsPrivilegedProcess
            ? new ProgramStart("/usr/bin/setpriv", _folder.Path, [.. AsPostgres, path, .. arguments])
            : new ProgramStart(path, _folder.Path, arguments);
    }
}
