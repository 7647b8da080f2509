using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>One operation as it goes between stores. One of the three bodies is set, or none: then it is a stub, or withheld.</summary>
public sealed record SyncOperation
{
    /// <summary>A place in a stream whose operation its owner keeps: it has an id and no content, and belongs to no conversation (decision 45).</summary>
    public const string Withheld = "withheld";

    public required Guid Id { get; init; }

    /// <summary>One of <see cref="OperationKind"/>, or <see cref="Withheld"/>.</summary>
    public required string Kind { get; init; }

    public required string UserId { get; init; }

    /// <summary>Null in the erasure of a user, and in what is withheld.</summary>
    public required string? ConversationId { get; init; }

    public required string Origin { get; init; }

    public required long Seq { get; init; }

    /// <summary>16 hexadecimal digits.</summary>
    public required string Hlc { get; init; }

    public MessageBody? Message { get; init; }

    public FieldBody? Field { get; init; }

    public EraseBody? Erase { get; init; }
}

/// <summary>What one side sends in one round.</summary>
/// <param name="Operations">Erasures first, then each stream in its sequence.</param>
/// <param name="More">There is more that the other side lacks.</param>
public sealed record SyncBatch(IReadOnlyList<SyncOperation> Operations, bool More)
{
    public static readonly SyncBatch Empty = new([], More: false);

    /// <summary>
    /// A smaller batch of the same. Erasures that are sent out of turn take half of it at most: one beyond a gap is sent again until the gap is closed,
    /// and would leave no room for what closes it.
    /// </summary>
    /// <param name="most">Operations, 2 or more.</param>
    public SyncBatch First(int most)
    {
        if (Operations.Count <= most)
            return this;
        var early = Operations.TakeWhile(static one => one.Erase is not null).Count();
        var left = Math.Max(early - Math.Max(most / 2, most - (Operations.Count - early)), 0);
        return new SyncBatch([.. Operations.Take(early - left), .. Operations.Skip(early).Take(most - (early - left))], More: true);
    }
}
