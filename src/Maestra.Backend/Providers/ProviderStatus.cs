using System.Globalization;

namespace Maestra.Backend.Providers;

/// <summary>What a refusal by status means. Pure.</summary>
internal static class ProviderStatus
{
    /// <summary>No wait longer than this is passed on: a provider may say anything.</summary>
    public const int RetryAfterMaxSeconds = 3600;

    private const int TooManyRequests = 429;
    private const int ServiceUnavailable = 503;

    /// <summary>Anthropic API: "overloaded_error".</summary>
    private const int Overloaded = 529;

    /// <summary>A refused call was not worked on, so nothing is to be paid for it.</summary>
    public static ModelOutcome.Failed Refused(int status, string? retryAfter, DateTimeOffset now) => new($"status {status}", MayHaveRun: false)
    {
        IsBusy = status is TooManyRequests or ServiceUnavailable or Overloaded,
        RetryAfterSeconds = RetryAfter(retryAfter, now),
    };

    /// <summary>Seconds or a date (RFC 9110 §10.2.3).</summary>
    private static int? RetryAfter(string? text, DateTimeOffset now)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return Math.Min(seconds, RetryAfterMaxSeconds);
        if (DateTimeOffset.TryParseExact(text, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date))
            return (int)Math.Clamp(Math.Ceiling((date - now).TotalSeconds), 0, RetryAfterMaxSeconds);
        return null;
    }
}
