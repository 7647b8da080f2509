using ConversationHub.Contracts;

namespace ConversationHub.Store.Tests.Sync.Simulation;

/// <summary>What was acknowledged and erased in a schedule, what went with a disk that was put away, and what must therefore be there at the end.</summary>
internal sealed class Ledger(int seed)
{
    private readonly Dictionary<Guid, (string User, string Conversation, string Content)> _acknowledged = [];
    private readonly List<(Guid Operation, IReadOnlyList<string> Contents)> _erasures = [];
    private readonly HashSet<string> _touchedByAnErasure = new(StringComparer.Ordinal);
    private readonly HashSet<Guid> _gone = [];

    public void Acknowledged(Guid operation, string user, string conversation, string content) => _acknowledged[operation] = (user, conversation, content);

    /// <summary>Whatever becomes of it: what is in the conversation may be gone.</summary>
    public void ErasureTried(string conversation) => _touchedByAnErasure.Add(conversation);

    public void Erased(OperationId operation, IReadOnlyList<string> contents) => _erasures.Add((operation.Value, contents));

    /// <summary>It was on no other disk than the one that was put away: no program can bring it back.</summary>
    public void Gone(IEnumerable<Guid> operations) => _gone.UnionWith(operations);

    /// <param name="visible">Contents of all questions shown.</param>
    /// <param name="held">Every operation that is held.</param>
    /// <returns>What was acknowledged, is not gone and not erased.</returns>
    public IReadOnlyList<string> Check(IReadOnlyList<string> visible, IReadOnlyList<SyncOperation> held)
    {
        var shown = visible.ToHashSet(StringComparer.Ordinal);
        Assert.True(shown.Count == visible.Count, $"seed {seed}: a message is shown twice");
        foreach (var content in _erasures.Where(one => !_gone.Contains(one.Operation)).SelectMany(static one => one.Contents))
            Assert.False(shown.Contains(content), $"seed {seed}: {content} was erased and is shown");

        var userErasures = held.Where(static one => one.Erase is { Scope: "user" }).ToLookup(static one => one.UserId, static one => one.Hlc);
        var clocks = held.ToLookup(static one => one.Id, static one => one.Hlc);
        var mustBeThere = new List<string>();
        foreach (var (id, (user, conversation, content)) in _acknowledged)
        {
            if (_gone.Contains(id) || _touchedByAnErasure.Contains(conversation))
                continue;
            Assert.True(clocks.Contains(id), $"seed {seed}: {content} was acknowledged and nobody holds it");
            if (userErasures[user].Any(erased => clocks[id].Any(clock => string.CompareOrdinal(clock, erased) <= 0)))
                continue;
            Assert.True(shown.Contains(content), $"seed {seed}: {content} was acknowledged and is not shown");
            mustBeThere.Add(content);
        }

        return mustBeThere;
    }
}
