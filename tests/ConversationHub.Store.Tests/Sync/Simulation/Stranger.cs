using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;

namespace ConversationHub.Store.Tests.Sync.Simulation;

/// <summary>A fourth backend whose clock is days ahead, and which erases with a clock that no time reaches: honest in its stream, hostile in its times.</summary>
internal sealed class Stranger(Random random)
{
    private const string Origin = "hosted_sha256_0123456789abcdef~00000001";
    private const string FarthestClock = "6fffffffffffffff";

    private readonly List<SyncOperation> _written = [];

    /// <summary>What a backend with this vector lacks of the stranger's stream.</summary>
    public IReadOnlyList<SyncOperation> Missing(IReadOnlyDictionary<string, long> have) =>
        [.. _written.Where(one => one.Seq > have.GetValueOrDefault(Origin))];

    public SyncOperation Write(string content, string conversation, DateTimeOffset now)
    {
        var time = now + TimeSpan.FromHours(random.Next(1, 30 * 24));
        return Add(new SyncOperation
        {
            Id = Id(),
            Kind = OperationKind.Message,
            UserId = "ada",
            ConversationId = conversation,
            Origin = Origin,
            Seq = _written.Count + 1,
            Hlc = HybridTimestamp.Create(time.ToUnixTimeMilliseconds(), 0).ToString(),
            Message = new MessageBody { Role = MessageRole.User, Content = content, Surface = "cli", Mode = null, Timestamp = time, Meta = new MessageMeta() },
        });
    }

    /// <summary>Of a conversation that nobody uses; what must not spread is its clock.</summary>
    public void EraseFarAhead() => Add(new SyncOperation
    {
        Id = Id(),
        Kind = OperationKind.Erase,
        UserId = "ada",
        ConversationId = string.Create(CultureInfo.InvariantCulture, $"nobodys{_written.Count}"),
        Origin = Origin,
        Seq = _written.Count + 1,
        Hlc = FarthestClock,
        Erase = new EraseBody { Scope = "conversation", Timestamp = DateTimeOffset.UnixEpoch },
    });

    private SyncOperation Add(SyncOperation operation)
    {
        _written.Add(operation);
        return operation;
    }

    private Guid Id()
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
