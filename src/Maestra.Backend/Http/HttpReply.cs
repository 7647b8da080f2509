using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using ConversationHub.Contracts;

namespace Maestra.Backend.Http;

/// <summary>What a handler decided to answer; one place writes it.</summary>
internal abstract record HttpReply
{
    private HttpReply()
    {
    }

    /// <summary>A body that was asked for, or the health report, which has one shape whatever its status.</summary>
    public sealed record Json(int Status, byte[] Body) : HttpReply;

    /// <summary>A problem (wire.md §7).</summary>
    /// <param name="Detail">A sentence, or the list of validation errors.</param>
    /// <param name="RetryAfterSeconds">Null: unknown.</param>
    public sealed record Refused(int Status, string Code, JsonElement Detail, int? RetryAfterSeconds = null) : HttpReply;

    /// <summary>Nobody is there to be answered.</summary>
    public sealed record ClientGone : HttpReply
    {
        /// <summary>What such a request counts as; of nginx, and never sent.</summary>
        public const int Status = 499;
    }

    public static Json Ok<T>(T value, JsonTypeInfo<T> type) => new(StatusCodes.Status200OK, JsonSerializer.SerializeToUtf8Bytes(value, type));

    public static Refused Problem(int status, string code, string detail, int? retryAfterSeconds = null) =>
        new(status, code, JsonSerializer.SerializeToElement(detail, MaestraJson.Compact.String), retryAfterSeconds);

    public static Refused Invalid(IReadOnlyList<ValidationError> errors) =>
        new(StatusCodes.Status422UnprocessableEntity, ProblemCode.InvalidRequest,
            JsonSerializer.SerializeToElement(errors, MaestraJson.Compact.IReadOnlyListValidationError));
}
