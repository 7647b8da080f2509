namespace ConversationHub.Store.Index;

/// <summary>One conversation, to be read. A view of the table: it shows what is there when it is asked.</summary>
internal readonly struct ConversationEntry(ConversationTable table, int number)
{
    private ref readonly ConversationRow Row => ref table.Row(number);

    public string Id => table.Names.TextOf(Row.Name);

    public string Owner => table.Owners[Row.Owner];

    /// <summary>Entries of the shown messages in the order (clock, id).</summary>
    public ShownEntries Messages => new(Row.Messages);

    /// <summary>In the order of first use.</summary>
    public IReadOnlyList<ushort> Surfaces => table.SurfacesOf(number);

    /// <summary>Null while nothing was set.</summary>
    public FieldSet? Fields => table.FieldsOf(number);

    /// <inheritdoc cref="ConversationRow.LastOperation"/>
    public int LastOperation => Row.LastOperation;

    /// <summary>Time of the last operation, in ticks of UTC.</summary>
    public long UpdatedTicks => Row.UpdatedTicks;

    /// <summary>Entry of the erasure; <see cref="OperationEntry.None"/> while the conversation lives.</summary>
    public int ErasedBy => Row.ErasedBy;

    public bool IsErased => Row.IsErased;

    public bool IsShown => Row.IsShown;

    public bool HasSurface(ushort surface) => table.HasSurface(number, surface);
}

/// <summary>Entry numbers, to be read.</summary>
internal readonly struct ShownEntries(EntryOrder order)
{
    public int Count => order.Count;

    public int this[int index] => order[index];
}
