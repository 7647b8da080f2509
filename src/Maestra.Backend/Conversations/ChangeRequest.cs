using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Asks;

namespace Maestra.Backend.Conversations;

/// <summary>
/// Reads the body of <c>PATCH /conversations/{id}</c> (wire.md §4): any of six fields and no other, since what is not understood may be what
/// keeps a conversation here (docs/decisions/0077). A function of the body.
/// </summary>
internal static class ChangeRequest
{
    private const double DefaultConfidence = 1;

    /// <summary>The mark without what people write between its words.</summary>
    private const string LettersOfTheMark = "localonly";

    private const int MaxSlips = 1;

    private const string AddTags = "add_tags";
    private const string RemoveTags = "remove_tags";
    private const string LinkArtifacts = "link_artifacts";
    private const string UnlinkArtifacts = "unlink_artifacts";

    private static readonly string[] Fields = ["title", "status", AddTags, RemoveTags, LinkArtifacts, UnlinkArtifacts];

    /// <returns>The change; whatever is wrong stands in the errors of <paramref name="fields"/>.</returns>
    public static ConversationChange Read(FieldReader fields, UserId? owner, ConversationId id)
    {
        if (!fields.HasOnly(Fields))
        {
            fields.Add(
                ValidationErrorType.ValueError,
                $"Input should hold one or more of {string.Join(", ", Fields)}, and nothing else; \"{AddTags}\":[\"{LocalOnlyMark.Tag}\"] keeps a conversation on this backend");
        }

        var change = new ConversationChange
        {
            Owner = owner,
            ConversationId = id,
            Title = Title(fields),
            Status = Status(fields),
            AddTags = Added(fields),
            RemoveTags = Tags(fields, RemoveTags),
            LinkArtifacts = Artifacts(fields, LinkArtifacts, isLink: true),
            UnlinkArtifacts = Artifacts(fields, UnlinkArtifacts, isLink: false),
        };
        if (change.AddTags.Intersect(change.RemoveTags, StringComparer.Ordinal).Any())
            fields.Add(ValidationErrorType.ValueError, "A tag should stand in add_tags or in remove_tags, not in both", RemoveTags);
        if (change.LinkArtifacts.Select(Key).Intersect(change.UnlinkArtifacts.Select(Key)).Any())
            fields.Add(ValidationErrorType.ValueError, "An artifact should stand in link_artifacts or in unlink_artifacts, not in both", UnlinkArtifacts);
        return change;
    }

    private static (string Type, string Id) Key(ReplyArtifact artifact) => (artifact.Type, artifact.Id);

    private static string? Title(FieldReader fields)
    {
        var title = fields.OptionalCharacters("title", WireLimits.TitleCharacters);
        if (title is not null && string.IsNullOrWhiteSpace(title))
            fields.Add(ValidationErrorType.StringTooShort, "String should hold more than white space", "title");
        return title;
    }

    private static string? Status(FieldReader fields)
    {
        var status = fields.Optional("status");
        if (status is not (null or ConversationStatus.Active or ConversationStatus.Closed))
            fields.Add(ValidationErrorType.LiteralError, $"Input should be '{ConversationStatus.Active}' or '{ConversationStatus.Closed}'", "status");
        return status;
    }

    /// <summary>A tag that only looks like the mark would let the conversation go; one that is there from before can be removed.</summary>
    private static string[] Added(FieldReader fields)
    {
        var tags = Tags(fields, AddTags);
        if (tags.Any(static tag => tag != LocalOnlyMark.Tag && IsLikeTheMark(tag)))
            fields.Add(ValidationErrorType.ValueError, $"A tag is almost {LocalOnlyMark.Tag}, and would keep nothing here; did you mean {LocalOnlyMark.Tag}?", AddTags);
        return tags;
    }

    private static bool IsLikeTheMark(string tag) =>
        Spelling.Slips(string.Concat(tag.Where(char.IsLetterOrDigit)).ToLowerInvariant(), LettersOfTheMark) <= MaxSlips;

    private static string[] Tags(FieldReader fields, string name)
    {
        var tags = fields.Strings(name, WireLimits.ChangeItems, WireLimits.TagCharacters);
        if (tags.Any(string.IsNullOrWhiteSpace))
            fields.Add(ValidationErrorType.StringTooShort, "A tag should hold more than white space", name);
        return [.. tags.Distinct(StringComparer.Ordinal)];
    }

    private static ReplyArtifact[] Artifacts(FieldReader fields, string name, bool isLink)
    {
        var artifacts = new List<ReplyArtifact>();
        foreach (var item in fields.Objects(name, WireLimits.ChangeItems))
        {
            var type = Name(item, "type", WireLimits.ArtifactTypeCharacters);
            if (type?.Contains(':', StringComparison.Ordinal) == true)
                item.Add(ValidationErrorType.StringPatternMismatch, "String should not hold a colon", "type");
            var id = Name(item, "id", WireLimits.ArtifactIdCharacters);
            artifacts.Add(new ReplyArtifact
            {
                Type = type ?? "",
                Id = id ?? "",
                Title = isLink ? item.OptionalCharacters("title", WireLimits.TitleCharacters) : null,
                Confidence = isLink ? item.OptionalShare("confidence") ?? DefaultConfidence : 0,
            });
        }

        // Of one named twice the last counts, as it would with two requests.
        return [.. artifacts.GroupBy(Key).Select(static same => same.Last())];
    }

    private static string? Name(FieldReader item, string field, int maxCharacters)
    {
        var text = item.Required(field);
        if (text is not null && (string.IsNullOrWhiteSpace(text) || FreeText.CountCodePoints(text) > maxCharacters))
            item.Add(ValidationErrorType.StringPatternMismatch, $"String should be 1 to {maxCharacters} characters, not only white space", field);
        return text;
    }
}
