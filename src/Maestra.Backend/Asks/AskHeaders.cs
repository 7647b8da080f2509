using System.Globalization;
using ConversationHub.Contracts;
using Maestra.Backend.Http;

namespace Maestra.Backend.Asks;

/// <summary>The two headers of an ask (wire.md §1.3).</summary>
/// <param name="Budget">Time the caller has left; null when it named none.</param>
internal sealed record AskHeaders(OperationId OperationId, TimeSpan? Budget)
{
    /// <returns>Null, and what to answer, when one is malformed.</returns>
    public static AskHeaders? Read(IHeaderDictionary headers, IdSource ids, out HttpReply.Refused? refused)
    {
        refused = null;
        var sentId = headers[HeaderNames.IdempotencyKey];
        var id = default(OperationId);
        if (sentId.Count == 0)
            id = ids.NewOperationId();
        else if (sentId.Count > 1 || !OperationId.TryParse(sentId[0], out id))
            refused = Refusals.InvalidHeader(HeaderNames.IdempotencyKey, "one UUID of 36 characters");

        var sentBudget = headers[HeaderNames.DeadlineMs];
        var milliseconds = 0;
        if (sentBudget.Count > 0 && (sentBudget.Count > 1
            || !int.TryParse(sentBudget[0], NumberStyles.None, CultureInfo.InvariantCulture, out milliseconds)
            || milliseconds is < 1 or > WireLimits.DeadlineMilliseconds))
        {
            refused ??= Refusals.InvalidHeader(HeaderNames.DeadlineMs, $"a whole number from 1 to {WireLimits.DeadlineMilliseconds}");
        }

        return refused is null ? new AskHeaders(id, milliseconds > 0 ? TimeSpan.FromMilliseconds(milliseconds) : null) : null;
    }
}
