using ConversationHub.Contracts;
using Maestra.Backend.Signing;

namespace Maestra.Backend.Sync;

/// <summary>Bodies of <c>/sync</c> in frames, from ordinary ones and back (decision 62). What readers alone look at is left out. Pure.</summary>
internal static class FramedSync
{
    /// <summary>A number of the form of a <c>sync_id</c>; nobody reads it.</summary>
    private const string NoSyncId = "sync_0000000000000000";

    /// <param name="equalTo">In place of the vector.</param>
    public static FramedSyncRequest Of(SyncRequest request, string? equalTo) => new()
    {
        Have = equalTo is null ? request.Have : null,
        EqualTo = equalTo,
        Tombstones = OrNull(request.Tombstones),
        Conversations = Bare(request.Conversations),
        Withheld = request.Withheld,
        Users = request.Users,
        AtMost = request.AtMost,
        More = request.More,
    };

    /// <param name="signer">Who says so; the frame was addressed to <paramref name="own"/>, or its signature would not fit.</param>
    public static SyncRequest Whole(FramedSyncRequest request, string signer, string own, DateTimeOffset now) => new()
    {
        SyncId = NoSyncId,
        SourceBackendId = signer,
        TargetBackendId = own,
        Timestamp = now,
        Have = request.Have,
        Tombstones = request.Tombstones,
        Conversations = request.Conversations ?? [],
        Withheld = request.Withheld,
        Users = request.Users,
        AtMost = request.AtMost,
        More = request.More,
    };

    /// <param name="isEqual">Whether the digest of the request fitted; null when it had none.</param>
    public static FramedSyncResponse Of(SyncResponse response, bool? isEqual) => new()
    {
        Equal = isEqual,
        OperationsApplied = response.OperationsApplied,
        Have = isEqual == true ? null : response.Have,
        Tombstones = OrNull(response.Tombstones),
        Conversations = Bare(response.Conversations),
        Withheld = response.Withheld,
        Users = response.Users,
        More = response.More,
    };

    /// <param name="have">Of the caller, which the answerer holds too when it says so.</param>
    /// <returns>Null when it says neither what it holds nor that it is the same.</returns>
    public static SyncResponse? Whole(FramedSyncResponse response, IReadOnlyDictionary<string, long> have, string signer, DateTimeOffset now) =>
        (response.Equal == true ? have : response.Have) is not { } theirs
            ? null
            : new SyncResponse
            {
                Status = response.Equal == false ? SyncResponse.Differs : SyncResponse.Synced,
                SyncId = NoSyncId,
                ConversationsReceived = 0,
                ConversationsMerged = 0,
                ConversationsUpdated = 0,
                ConversationsSkipped = 0,
                OperationsApplied = response.OperationsApplied,
                SourceBackendId = signer,
                Timestamp = now,
                Have = theirs,
                Tombstones = response.Tombstones ?? [],
                Conversations = response.Conversations ?? [],
                Withheld = response.Withheld,
                Users = response.Users,
                More = response.More,
                Frames = SignedFrame.Version,
            };

    private static IReadOnlyList<T>? OrNull<T>(IReadOnlyList<T>? list) => list is { Count: > 0 } ? list : null;

    private static IReadOnlyList<SyncConversation>? Bare(IReadOnlyList<SyncConversation> conversations) => OrNull<SyncConversation>(
    [
        .. conversations.Select(static one => one with
        {
            Title = null,
            CreatedAt = null,
            UpdatedAt = null,
            Messages = [.. one.Messages.Select(static message => message with { SourceBackend = null })],
            Fields = OrNull(one.Fields),
        }),
    ]);
}
