using ConversationHub.Contracts;
using ConversationHub.Store;
using Maestra.Backend.Asks;

namespace Maestra.Backend.Conversations;

/// <summary>Reads the body of <c>PATCH /conversations/{id}</c> (wire.md §4): any of six fields. A function of the body.</summary>
internal static class ChangeRequest
{
    private const double DefaultConfidence = 1;

    /// <returns>The change; whatever is wrong stands in the errors of <paramref name="fields"/>.</returns>
    public static ConversationChange Read(FieldReader fields, UserId? owner, ConversationId id)
    {
        var change = new ConversationChange
        {
            Owner = owner,
            ConversationId = id,
            Title = Title(fields),
            Status = Status(fields),
            AddTags = Tags(fields, "add_tags"),
            RemoveTags = Tags(fields, "remove_tags"),
            LinkArtifacts = Artifacts(fields, "link_artifacts", isLink: true),
            UnlinkArtifacts = Artifacts(fields, "unlink_artifacts", isLink: false),
        };
        if (change.AddTags.Intersect(change.RemoveTags, StringComparer.Ordinal).Any())
            fields.Add(ValidationErrorType.ValueError, "A tag should stand in add_tags or in remove_tags, not in both", "remove_tags");
        if (change.LinkArtifacts.Select(Key).Intersect(change.UnlinkArtifacts.Select(Key)).Any())
            fields.Add(ValidationErrorType.ValueError, "An artifact should stand in link_artifacts or in unlink_artifacts, not in both", "unlink_artifacts");
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
