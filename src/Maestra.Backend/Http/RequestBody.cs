using System.Text.Json;
using System.Text.Unicode;
using ConversationHub.Contracts;
using Microsoft.Net.Http.Headers;

namespace Maestra.Backend.Http;

/// <summary>What reading a body gave.</summary>
internal abstract record BodyOutcome
{
    private BodyOutcome()
    {
    }

    /// <summary>One JSON object, free of duplicate names; it owns its memory.</summary>
    public sealed record Read(JsonElement Root) : BodyOutcome;

    /// <param name="Reply">A problem, or nothing when the sender has gone away.</param>
    public sealed record Refused(HttpReply Reply) : BodyOutcome;
}

/// <summary>What reading the bytes of a body gave.</summary>
internal abstract record RawBodyOutcome
{
    private RawBodyOutcome()
    {
    }

    public sealed record Read(ReadOnlyMemory<byte> Bytes) : RawBodyOutcome;

    /// <param name="Reply">A problem, or nothing when the sender has gone away.</param>
    public sealed record Refused(HttpReply Reply) : RawBodyOutcome;
}

/// <summary>Reads a JSON body within its limits: media type, encoding, size, arrival, then syntax (wire.md §1.2, §1.3).</summary>
internal static class RequestBody
{
    /// <summary>Of a body that is too large so much is still taken in, so that its sender hears the refusal instead of a reset connection.</summary>
    private const int DrainBytes = 8 * WireLimits.RequestBodyBytes;

    public static async Task<BodyOutcome> ReadAsync(HttpContext context, TimeProvider time)
    {
        var request = context.Request;
        if (!IsJson(request.ContentType))
            return new BodyOutcome.Refused(Refusals.JsonRequired());
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
            return new BodyOutcome.Refused(Refusals.EncodingRefused());

        return await ReadBytesAsync(context, time, WireLimits.RequestBodyBytes) switch
        {
            RawBodyOutcome.Read read => Parse(read.Bytes),
            RawBodyOutcome.Refused refused => new BodyOutcome.Refused(refused.Reply),
            var unknown => throw new InvalidOperationException($"Unknown outcome {unknown.GetType().Name}."),
        };
    }

    /// <summary>Reads the bytes of a body as they were sent: size and arrival are bounded, nothing else is looked at.</summary>
    public static async Task<RawBodyOutcome> ReadBytesAsync(HttpContext context, TimeProvider time, int maxBytes)
    {
        var request = context.Request;

        // A sender that waits for "100 Continue" has not sent the body yet and need not.
        if (request.ContentLength > maxBytes && request.Headers.Expect.Count > 0)
            return TooLarge(context, maxBytes);

        var lease = context.RequestServices.GetRequiredService<BodyBudget>().Open();
        context.Response.RegisterForDispose(lease);
        var body = new ArrivingBody(request, lease, maxBytes);
        try
        {
            var progress = body.TakeWhatIsHere();
            if (progress is BodyProgress.Arriving or BodyProgress.TooLarge)
                progress = await TakeRestAsync(context, time, body, progress);
            switch (progress)
            {
                case BodyProgress.Whole:
                    return new RawBodyOutcome.Read(body.Bytes);
                case BodyProgress.TooLarge:
                    return TooLarge(context, maxBytes);
                default:
                    context.Response.Headers.Connection = "close";
                    return new RawBodyOutcome.Refused(Refusals.Overloaded());
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Headers.Connection = "close";
            return new RawBodyOutcome.Refused(Refusals.RequestTimeout());
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            // The connection broke while the body came in.
            return new RawBodyOutcome.Refused(new HttpReply.ClientGone());
        }
    }

    /// <summary>A body that is not here yet has so long to arrive; one that is too large is read on for a while.</summary>
    private static async Task<BodyProgress> TakeRestAsync(HttpContext context, TimeProvider time, ArrivingBody body, BodyProgress progress)
    {
        using var arrival = new CancellationTokenSource(TimeSpan.FromSeconds(WireLimits.BodyArrivalSeconds), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(arrival.Token, context.RequestAborted);
        while (progress == BodyProgress.Arriving)
            progress = await body.TakeNextAsync(either.Token);
        if (progress == BodyProgress.TooLarge)
            await body.DrainAsync(DrainBytes, either.Token);
        return progress;
    }

    private static RawBodyOutcome.Refused TooLarge(HttpContext context, int maxBytes)
    {
        context.Response.Headers.Connection = "close";
        return new RawBodyOutcome.Refused(Refusals.BodyTooLarge(maxBytes));
    }

    /// <summary>One JSON object, or the 422 that says why it is none.</summary>
    public static BodyOutcome Parse(ReadOnlyMemory<byte> content)
    {
        if (!Utf8.IsValid(content.Span))
            return Invalid(ValidationErrorType.JsonInvalid, "Body is not valid UTF-8");
        try
        {
            var root = JsonElement.Parse(content.Span, MaestraJson.Document);
            return root.ValueKind == JsonValueKind.Object
                ? new BodyOutcome.Read(root)
                : Invalid(ValidationErrorType.ObjectType, "Body must be a JSON object");
        }
        catch (JsonException e)
        {
            return HasDuplicates(content)
                ? Invalid(ValidationErrorType.DuplicateKey, "A name stands twice in one object")
                : Invalid(ValidationErrorType.JsonInvalid,
                    $"Body is not valid JSON of at most {WireLimits.JsonDepth} levels (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})");
        }
        catch (InvalidOperationException)
        {
            // Comparing names for duplicates decodes them, and half of a surrogate pair cannot be.
            return Invalid(ValidationErrorType.JsonInvalid, "A name holds half of a surrogate pair");
        }
    }

    /// <summary>The parser does not say why it refuses a text: if it takes the text once duplicates are allowed, they were the reason.</summary>
    private static bool HasDuplicates(ReadOnlyMemory<byte> content)
    {
        try
        {
            using var _ = JsonDocument.Parse(content, MaestraJson.Document with { AllowDuplicateProperties = true });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static BodyOutcome.Refused Invalid(string type, string message) =>
        new(HttpReply.Invalid([new ValidationError { Type = type, Loc = [ErrorLocation.Body], Msg = message }]));

    public static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase));
}
