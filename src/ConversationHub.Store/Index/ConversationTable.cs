using System.Collections;
using System.Text;

namespace ConversationHub.Store.Index;

/// <summary>Every conversation held, found by number or by id; one for each owner of an id. Not thread-safe.</summary>
internal sealed class ConversationTable : IReadOnlyList<ConversationEntry>
{
    /// <summary>Conversations that are saved together.</summary>
    public const int BlockEntries = 1 << 8;

    private const int ChunkRows = 1 << 10;

    private readonly List<ConversationRow[]> _rows = [];
    private readonly ConversationIds _ids;

    // Of those that have any.
    private readonly Dictionary<int, FieldSet> _fields = [];
    private readonly SurfaceSequences _surfaces = new();

    // Numbers of blocks in which a conversation changed since the block was last taken.
    private readonly HashSet<int> _changedBlocks = [];

    public ConversationTable() => _ids = new ConversationIds(this);

    public int Count { get; private set; }

    public NameBytes Names { get; } = new();

    /// <summary>Names of the owners.</summary>
    public NameTable Owners { get; } = new();

    public ConversationEntry this[int number] => new(this, number);

    /// <summary>The conversation itself, to be changed in its place.</summary>
    public ref ConversationRow Row(int number) => ref _rows[number / ChunkRows][number % ChunkRows];

    public ReadOnlySpan<byte> IdOf(int number) => Names[Row(number).Name];

    public int GetOrAdd(string owner, string id)
    {
        var name = Encoding.UTF8.GetBytes(id);
        var ownerNumber = Owners.GetOrAdd(owner);
        var last = _ids.LastOf(name);
        for (var at = last; at != OperationEntry.None; at = Row(at).NextOfSameId)
        {
            if (Row(at).Owner == ownerNumber && IdOf(at).SequenceEqual(name))
                return at;
        }

        var number = Add(ownerNumber, name);
        Changed(number);
        return number;
    }

    /// <summary>Takes one that was saved.</summary>
    public int Restore(int owner, ReadOnlySpan<byte> id) => Add(owner, id);

    /// <summary>Makes room at once for so many.</summary>
    public void Reserve(int count) => _ids.Reserve(count);

    public int Blocks => (Count + BlockEntries - 1) / BlockEntries;

    /// <summary>To be called when anything of a conversation changed but its messages and surfaces, which follow from the operations.</summary>
    public void Changed(int conversation) => _changedBlocks.Add(conversation / BlockEntries);

    public bool IsChanged(int block) => _changedBlocks.Contains(block);

    /// <summary>Counts a block as unchanged from here on.</summary>
    public void Take(int block) => _changedBlocks.Remove(block);

    /// <summary>The conversations of an id, one for each owner, erased ones included.</summary>
    public IEnumerable<int> AllOfId(string id)
    {
        var name = Encoding.UTF8.GetBytes(id);
        for (var at = _ids.LastOf(name); at != OperationEntry.None; at = Row(at).NextOfSameId)
        {
            if (IdOf(at).SequenceEqual(name))
                yield return at;
        }
    }

    /// <summary>The conversation of an id that <see cref="IsFirstOfName"/>; <see cref="OperationEntry.None"/> when there is none.</summary>
    public int FirstOfName(ReadOnlySpan<byte> id)
    {
        var at = _ids.LastOf(id);
        while (at != OperationEntry.None && !IsFirstOfName(at))
            at = Row(at).NextOfSameId;
        return at != OperationEntry.None && IdOf(at).SequenceEqual(id) ? at : OperationEntry.None;
    }

    /// <summary>True when no conversation before this one has the same id, letter case ignored: files of some systems could not be told apart.</summary>
    public bool IsFirstOfName(int conversation) => Row(conversation).NextOfSameId == OperationEntry.None;

    public FieldSet? FieldsOf(int conversation) => _fields.GetValueOrDefault(conversation);

    public FieldSet FieldsToSet(int conversation)
    {
        if (!_fields.TryGetValue(conversation, out var fields))
            _fields[conversation] = fields = new FieldSet();
        return fields;
    }

    /// <summary>Those that have any fields.</summary>
    public IEnumerable<ConversationEntry> WithFields => _fields.Keys.Select(number => this[number]);

    public void RemoveFields(int conversation) => _fields.Remove(conversation);

    /// <summary>In the order of first use.</summary>
    public IReadOnlyList<ushort> SurfacesOf(int conversation) => _surfaces.Of(Row(conversation).Surfaces);

    public bool HasSurface(int conversation, ushort surface) => _surfaces.Has(Row(conversation).Surfaces, surface);

    /// <summary>Notes a surface as the last one used, unless it was used before.</summary>
    public void AddSurface(int conversation, ushort surface)
    {
        ref var row = ref Row(conversation);
        row.Surfaces = _surfaces.With(row.Surfaces, surface);
    }

    public void ClearSurfaces(int conversation) => Row(conversation).Surfaces = SurfaceSequences.Empty;

    public IEnumerator<ConversationEntry> GetEnumerator()
    {
        for (var number = 0; number < Count; number++)
            yield return this[number];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private int Add(int owner, ReadOnlySpan<byte> id)
    {
        var number = Count;
        if (number == _rows.Count * ChunkRows)
            _rows.Add(new ConversationRow[ChunkRows]);
        Count++;
        Row(number) = new ConversationRow
        {
            Name = Names.Add(id),
            Owner = owner,
            LastOperation = OperationEntry.None,
            NextOfSameId = _ids.LastOf(id),
            ErasedBy = OperationEntry.None,
        };
        _ids.Add(number);
        return number;
    }
}
