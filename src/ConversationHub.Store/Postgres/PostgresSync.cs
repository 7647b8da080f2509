using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Log;
using ConversationHub.Store.Sync;
using Npgsql;

namespace ConversationHub.Store.Postgres;

/// <summary>The hosted store's part in an exchange: one call of a function of the database, which is one transaction. Thread-safe.</summary>
internal sealed class PostgresSync(Database database, PostgresSyncReader reader, PostgresOrigins origins, StatusBoard board, TimeProvider time)
{
    /// <summary>Raised by <c>maestra.apply_foreign</c>; the message is the origin.</summary>
    private const string Conflict = "MACON";

    private const string ApplySql = "SELECT maestra.apply_foreign($1::jsonb)";
    private const string ReleaseSql = "SELECT maestra.release_due($1)";
    private const string HeadsSql = "SELECT origin, user_id, last_seq FROM maestra.heads WHERE origin = ANY ($1)";

    /// <summary>Beyond it a peer that names more of our former streams is believed once an hour as before.</summary>
    private const int MaxFormerStreams = 4096;

    private readonly RenewalLimit _renewals = new(time);

    /// <summary>Unknown streams of ours that were there when new origins were taken: they say nothing of the new ones.</summary>
    private readonly ConcurrentDictionary<string, byte> _formerStreams = new(StringComparer.Ordinal);
    private int _quarantined;

    public int Quarantined => Volatile.Read(ref _quarantined);

    public Task<(IReadOnlyDictionary<string, long>? Have, StoreFailure? Failure)> ReadVectorAsync(SyncScope scope, CancellationToken cancellationToken) =>
        reader.VectorAsync(scope, cancellationToken);

    public Task<(SyncBatch? Batch, StoreFailure? Failure)> ReadMissingAsync(
        SyncScope scope, IReadOnlyDictionary<string, long> have, CancellationToken cancellationToken) => reader.MissingAsync(scope, have, cancellationToken);

    public async Task<SyncApplyOutcome> ApplyAsync(SyncScope scope, IReadOnlyList<SyncOperation> batch)
    {
        if (SyncRules.Check(batch) is { } why)
            return new SyncApplyOutcome.Invalid(why);
        if (batch.Any(operation => !scope.Covers(operation.UserId)))
            return new SyncApplyOutcome.OutOfScope();
        batch = OwnAhead.Without(batch, origins.Prefix, Quarantine.Latest(time.GetUtcNow()));
        if (batch.Count == 0)
            return new SyncApplyOutcome.Applied(SyncCounts.None);
        var drafts = LargeValues.Guard(KeptHere.Guard(batch, origins.Prefix)).Select(ForeignDraft.Of).OrderBy(static draft => draft.Place.Kind == OperationKind.Erase ? 0 : 1)
            .ThenBy(static draft => draft.Place.Origin, StringComparer.Ordinal).ThenBy(static draft => draft.Place.Seq).ToList();
        var have = batch.Where(operation => origins.IsPresent(operation.Origin, operation.UserId))
            .GroupBy(static operation => operation.Origin, StringComparer.Ordinal)
            .ToDictionary(static group => group.Key, static group => group.Max(static operation => operation.Seq), StringComparer.Ordinal);
        var isBelieved = _renewals.IsOpen;
        if ((await NoticeAsync(have, CancellationToken.None).ConfigureAwait(false)).Failure is { } refused)
            return new SyncApplyOutcome.NotCommitted(refused);

        // In this store's present streams nothing is taken without leaving them; what is held there is passed over anyway.
        if (have.Count > 0 && !isBelieved)
            drafts.RemoveAll(draft => origins.IsPresent(draft.Place.Origin, draft.Place.UserId));
        if (drafts.Count == 0)
            return new SyncApplyOutcome.Applied(SyncCounts.None);
        try
        {
            return await StoreAsync(drafts).ConfigureAwait(false);
        }
        catch (PostgresException error) when (error.SqlState == Conflict)
        {
            return new SyncApplyOutcome.Conflict(error.MessageText);
        }
    }

    public async Task<(bool TookNew, StoreFailure? Failure)> NoticeAsync(IReadOnlyDictionary<string, long> peerHave, CancellationToken cancellationToken)
    {
        var own = peerHave.Keys.Where(origin => origin.StartsWith(origins.Prefix, StringComparison.Ordinal)).ToArray();
        if (own.Length == 0 || !_renewals.IsOpen)
            return (false, null);
        var (heads, failure) = await database.QueryAsync(
            HeadsSql,
            parameters => parameters.Texts(own),
            static row => row.All(static one => (Origin: one.GetString(0), User: one.GetString(1), Seq: one.GetInt64(2))),
            cancellationToken).ConfigureAwait(false);
        if (heads is null)
            return (false, failure);
        var isBehind = heads.Any(head => origins.IsPresent(head.Origin, head.User) && peerHave[head.Origin] > head.Seq);

        // One that the database does not know at all may be of this very store, before it was put back as it was before a user's first operation.
        var unknown = own.Except(heads.Select(static head => head.Origin)).Where(origin => peerHave[origin] > 0).ToList();
        if (!isBehind && !unknown.Exists(origin => !_formerStreams.ContainsKey(origin)))
            return (false, null);
        if (await TakeNewAsync("a peer holds more of this store's operations than it does itself", cancellationToken).ConfigureAwait(false) is { } refused)
            return (false, refused);
        _renewals.Note();
        foreach (var origin in unknown.Take(MaxFormerStreams - _formerStreams.Count))
            _formerStreams.TryAdd(origin, 0);
        return (true, null);
    }

    public async Task<StoreFailure?> TakeNewAsync(string why, CancellationToken cancellationToken)
    {
        try
        {
            await origins.TakeNewAsync(why, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (NpgsqlException)
        {
            return new StoreFailure(StoreFailureKind.Unavailable, "The database cannot be reached.");
        }
    }

    public async Task<StoreFailure?> ReleaseDueAsync(CancellationToken cancellationToken)
    {
        var (left, failure) = await database.QueryAsync(
            ReleaseSql,
            parameters => parameters.Number((long)Quarantine.Latest(time.GetUtcNow()).Value),
            static row => row.All(static one => one.GetInt64(0)),
            cancellationToken).ConfigureAwait(false);
        if (left is not null)
            Volatile.Write(ref _quarantined, (int)Math.Min(left[0], int.MaxValue));
        return failure;
    }

    private async Task<SyncApplyOutcome> StoreAsync(List<ForeignDraft> drafts)
    {
        var known = new HashSet<(string, string)>();
        var (before, unreachable) = await database.QueryAsync(
            "SELECT user_id, id FROM maestra.conversations WHERE id = ANY ($1)",
            parameters => parameters.Texts([.. drafts.Select(static draft => draft.Place.ConversationId).OfType<string>().Distinct()]),
            static row => row.All(static one => (one.GetString(0), one.GetString(1))),
            CancellationToken.None).ConfigureAwait(false);
        if (before is null)
            return new SyncApplyOutcome.NotCommitted(unreachable!);
        known.UnionWith(before);
        var (accepted, failure) = await database.QueryAsync(
            ApplySql,
            parameters => parameters.Text(ToJson(drafts)),
            static row => row.All(static one => one.GetFieldValue<int[]>(0))[0],
            CancellationToken.None,
            drafts.Exists(static draft => draft.Place.Kind == OperationKind.Erase) ? PostgresLimits.LongestErasure : null,
            isWrite: true).ConfigureAwait(false);
        if (accepted is null)
            return new SyncApplyOutcome.NotCommitted(failure!);
        if (accepted.Length > 0)
            board.Committed(board.Current.Conversations, time.GetUtcNow());
        return new SyncApplyOutcome.Applied(SyncTally.Of(
            drafts.ConvertAll(static draft => draft.Place), accepted, (user, id) => known.Contains((user, id))));
    }

    private string ToJson(List<ForeignDraft> drafts)
    {
        var limit = Quarantine.Latest(time.GetUtcNow());
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            for (var at = 0; at < drafts.Count; at++)
                Write(json, at, drafts[at], limit);
            json.WriteEndArray();
        }

        return System.Text.Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private void Write(Utf8JsonWriter json, int at, ForeignDraft draft, Clock.HybridTimestamp limit)
    {
        var place = draft.Place;
        var isOwn = place.Origin.StartsWith(origins.Prefix, StringComparison.Ordinal);
        var isConversationErasure = place.Kind == OperationKind.Erase && place.ConversationId is not null;
        json.WriteStartObject();
        json.WriteNumber("n"u8, at);
        json.WriteString("own"u8, origins.Own(place.UserId));
        json.WriteString("origin"u8, place.Origin);
        json.WriteNumber("seq"u8, place.Seq);
        json.WriteString("id"u8, place.Id);
        json.WriteString("user_id"u8, place.UserId);
        json.WriteString("conversation_id"u8, place.ConversationId);
        json.WriteString("kind"u8, place.Kind);
        json.WriteNumber("hlc"u8, (long)place.Hlc.Value);
        json.WritePropertyName("body"u8);
        json.WriteRawValue(draft.Draft.Body, skipInputValidation: true);
        if (draft.Draft.Content is OperationContent.Message { Body: { Role: not MessageRole.User } reply } && OperationId.TryParse(reply.Meta.OperationId, out var question))
            json.WriteString("question"u8, question.Value);
        if (draft.Draft.Content is OperationContent.Message)
        {
            json.WriteStartArray("terms"u8);
            foreach (var term in draft.Draft.Terms.Counts.Keys)
                json.WriteStringValue(term);
            json.WriteEndArray();
        }

        json.WriteBoolean("adopts"u8, !isConversationErasure || place.Hlc <= limit);
        json.WriteBoolean("ahead"u8, !isOwn && !isConversationErasure && place.Hlc > limit);
        json.WriteEndObject();
    }
}
