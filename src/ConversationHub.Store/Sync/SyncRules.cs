using System.Text.RegularExpressions;
using ConversationHub.Contracts;
using ConversationHub.Store.Clock;
using ConversationHub.Store.Conversations;

namespace ConversationHub.Store.Sync;

/// <summary>What an operation of a peer must be to be taken (wire.md §1.1, §9.4). Pure.</summary>
internal static partial class SyncRules
{
    private const int MaxFieldNameCharacters = 512; // Code points, as all lengths (wire.md §1.1).
    private const int FingerprintCharacters = 64;

    /// <summary>Far from where a clock of 64 bits, or of the 63 that a database counts with, would run over.</summary>
    private const ulong LatestClock = 0x7000_0000_0000_0000;

    /// <summary>The longest path, surface or other short text of a message.</summary>
    private const int MaxShortTextCharacters = WireLimits.PathCharacters;

    /// <returns>Null when each is one; else what is wrong with the first that is none, which is named.</returns>
    public static string? Check(IReadOnlyList<SyncOperation> batch)
    {
        foreach (var operation in batch)
        {
            if (Check(operation) is { } why)
                return $"operation {operation.Id}: {why}";
        }

        return null;
    }

    /// <returns>Null when it is one; else what is wrong.</returns>
    public static string? Check(SyncOperation operation)
    {
        if (!Origin().IsMatch(operation.Origin))
            return "origin: a backend id, ~ and eight hexadecimal digits are needed";
        if (operation.Seq is < 1 or > int.MaxValue)
            return "seq: a number from 1 is needed";
        if (!HybridTimestamp.TryParse(operation.Hlc, out var clock))
            return "hlc: 16 lower-case hexadecimal digits are needed";
        if (clock.Value >= LatestClock)
            return "hlc: a time before the year 5872 is needed";
        if (!UserId.TryParse(operation.UserId, out _))
            return "user_id: 1 to 128 characters are needed";
        var needsConversation = operation.Kind is OperationKind.Message or OperationKind.Field || operation.Erase?.Scope == "conversation";
        if (needsConversation != operation.ConversationId is not null || (needsConversation && !ConversationId.TryParse(operation.ConversationId, out _)))
            return "conversation_id: it does not fit the operation";
        return operation.Kind switch
        {
            OperationKind.Message => operation.Message is { } message ? Check(message) : null,
            OperationKind.Field => operation.Field is { } field ? Check(field) : null,
            OperationKind.Erase => operation.Erase is { Scope: "conversation" or "user" } ? null : "scope: conversation or user is needed",
            SyncOperation.Withheld => null,
            _ => "kind: it is not known",
        };
    }

    private static string? Check(MessageBody message)
    {
        if (message.Role is not (MessageRole.User or MessageRole.Assistant or MessageRole.System))
            return "role: user, assistant or system is needed";
        if (message.Content is null || !FreeText.IsStorable(message.Content))
            return "content: a text is needed; U+0000 and half a surrogate pair cannot be stored";
        if (!IsShort(message.Surface) || !IsShort(message.Mode) || !HasShortTexts(message.Meta))
            return "meta: a text is too long or cannot be stored";
        if (!HasSources(message.Meta))
            return "meta.sources: a source has a null, a text that cannot be stored, or a number beyond a double";

        return message.Fingerprint is null || (message.Fingerprint.Length == FingerprintCharacters && message.Fingerprint.All(char.IsAsciiHexDigitLower))
            ? null
            : "fingerprint: 64 hexadecimal digits are needed";
    }

    /// <returns>Null when each backend can store it; else what is wrong.</returns>
    public static string? Check(FieldBody field)
    {
        if (field.Name is not { Length: > 0 } || !FreeText.IsStorable(field.Name) || FreeText.CountCodePoints(field.Name) > MaxFieldNameCharacters)
            return "name: 1 to 512 characters are needed";
        return JsonValues.IsStorable(field.Value) ? null : "value: U+0000, half a surrogate pair and a number beyond a double cannot be stored";
    }

    /// <summary>True when each backend can store it.</summary>
    public static bool IsStorable(MessageMeta meta) => HasShortTexts(meta) && HasSources(meta);

    /// <summary>True for a text beside a message that each backend can store, and for none.</summary>
    public static bool IsShort(string? text) => text is null || (FreeText.IsStorable(text) && FreeText.CountCodePoints(text) <= MaxShortTextCharacters);

    private static bool HasShortTexts(MessageMeta meta) =>
        IsShort(meta.FilePath) && IsShort(meta.Workspace) && IsShort(meta.Model) && IsShort(meta.Provider) && IsShort(meta.OperationId)
        && IsShort(meta.BackendId) && IsShort(meta.ImportedId);

    private static bool HasSources(MessageMeta meta) => meta.Sources?.All(IsSource) != false;

    private static bool IsSource(ReplySource? source) =>
        source is { Title: not null, Type: not null, Excerpt: not null } && double.IsFinite(source.Confidence) && FreeText.IsStorable(source.Title)
        && FreeText.IsStorable(source.Type) && FreeText.IsStorable(source.Excerpt) && FreeText.IsStorable(source.Url);

    [GeneratedRegex("^(local|hosted)_sha256_[0-9a-f]{16}~[0-9a-f]{8}\\z")]
    private static partial Regex Origin();
}
