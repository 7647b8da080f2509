using System.Text;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Peers;

/// <summary><c>peers.json</c> and <c>nonces.log</c> in the state root, for their owner only. Commands change the first beside the running backend.</summary>
internal sealed class FilePeerStore(string stateRoot, TimeProvider time, ILogger<FilePeerStore> logger) : IPeerStore
{
    public const string FileName = "peers.json";
    public const string NoncesName = "nonces.log";
    private const int MaxBytes = 8 << 20;

    private readonly string _path = Path.Combine(stateRoot, FileName);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly NonceJournal _journal = new(Path.Combine(stateRoot, NoncesName));
    private NonceTable? _nonces;
    private (string Stamp, PeerStateRecord State)? _cached;

    public async Task<(PeerStateRecord? State, StoreFailure? Failure)> ReadAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return (Read(), null);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return (null, Failed(e));
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task<(T? Result, StoreFailure? Failure)> ChangeAsync<T>(
        Func<PeerStateRecord, (PeerStateRecord? State, T Result)> decide, CancellationToken cancellationToken)
        where T : class
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            PrivateFolder.Make(stateRoot);
            using var held = await StateLock.TakeAsync(_path + ".lock", cancellationToken);
            var (changed, result) = decide(Read());
            if (changed is not null)
            {
                _cached = null;
                OwnerOnlyFile.Replace(_path, JsonSerializer.Serialize(changed, MaestraJson.Readable.PeerStateRecord) + "\n");
            }

            return (result, null);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return (null, Failed(e));
        }
        finally
        {
            _gate.Release();
        }
    }

    public Task<(NonceVerdict? Verdict, StoreFailure? Failure)> TakeNonceAsync(string peer, string nonce, CancellationToken cancellationToken) =>
        NonceAsync(peer, nonce, take: true, cancellationToken);

    public Task<(NonceVerdict? Verdict, StoreFailure? Failure)> FindNonceAsync(string peer, string nonce, CancellationToken cancellationToken) =>
        NonceAsync(peer, nonce, take: false, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _journal.Dispose();
        _gate.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<(NonceVerdict? Verdict, StoreFailure? Failure)> NonceAsync(string peer, string nonce, bool take, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            _nonces ??= _journal.Read(now);
            var verdict = _nonces.Look(peer, nonce, now);
            if (take && verdict is NonceVerdict.Fresh)
            {
                PrivateFolder.Make(stateRoot);
                _nonces.Forget(now);
                _journal.Append(peer, nonce, now + NonceLimits.Kept, _nonces);
                _nonces.Add(peer, nonce, now + NonceLimits.Kept);
            }

            return (verdict, null);
        }
        catch (Exception e) when (IsFailure(e))
        {
            return (null, Failed(e));
        }
        finally
        {
            _gate.Release();
        }
    }

    private PeerStateRecord Read()
    {
        var file = new FileInfo(_path);
        if (!file.Exists)
            return PeerRules.Empty;
        if (file.Length > MaxBytes)
            throw new InvalidDataException($"{_path} is larger than {MaxBytes} bytes");

        // Replaced as a whole on each change, so that another time or length tells of it.
        var stamp = $"{file.LastWriteTimeUtc.Ticks} {file.Length} {file.CreationTimeUtc.Ticks}";
        if (_cached is { } cached && cached.Stamp == stamp)
            return cached.State;
        var state = JsonSerializer.Deserialize(File.ReadAllText(_path, Encoding.UTF8), MaestraJson.Readable.PeerStateRecord);
        if (state is null || !PeerRules.IsWhole(state))
            throw new InvalidDataException($"{_path} does not hold peers, invites and sbts, each a list of records");
        if (state.Format > PeerStateRecord.CurrentFormat)
            throw new InvalidDataException($"{_path} was written by a newer version: format {state.Format}, known is {PeerStateRecord.CurrentFormat}");
        _cached = (stamp, state);
        return state;
    }

    private static bool IsFailure(Exception e) => e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException;

    private StoreFailure Failed(Exception e)
    {
        logger.PeerStoreFailed(e.Message);
        return new StoreFailure(StoreFailureKind.Unavailable, "The list of peers cannot be read or written.");
    }
}
