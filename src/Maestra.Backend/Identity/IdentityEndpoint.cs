using System.Net;
using ConversationHub.Contracts;
using Maestra.Backend.Health;
using Maestra.Backend.Http;
using Maestra.Backend.Signing;
using Microsoft.Extensions.Primitives;

namespace Maestra.Backend.Identity;

/// <summary><c>GET /identity</c>, with <c>?challenge=</c> also the proof that this backend holds the key (wire.md §9.1).</summary>
internal sealed class IdentityEndpoint(IdentityBoard identity, HealthReporter health)
{
    private const string ChallengeField = "challenge";
    private const int ChallengeCharacters = 32;

    public void Map(IEndpointRouteBuilder routes) => routes.MapGet(Routes.Identity, AnswerAsync);

    private async Task AnswerAsync(HttpContext context) => await ReplyWriter.WriteAsync(context, await ReplyAsync(context));

    private async Task<HttpReply> ReplyAsync(HttpContext context)
    {
        var challenge = context.Request.Query[ChallengeField];
        if (!StringValues.IsNullOrEmpty(challenge) && !IsChallenge(challenge))
        {
            return HttpReply.Invalid(
            [
                new ValidationError
                {
                    Type = ValidationErrorType.StringPatternMismatch,
                    Loc = [ErrorLocation.Query, ChallengeField],
                    Msg = $"String should be {ChallengeCharacters} lower-case hexadecimal digits",
                },
            ]);
        }

        var isProofWanted = !StringValues.IsNullOrEmpty(challenge);
        var connection = isProofWanted ? ConnectionOf(context.Connection) : null;
        var key = (await identity.RefreshAsync(context.RequestAborted)).Current;
        return HttpReply.Ok(
            new IdentityResponse
            {
                BackendId = key.Id,
                BackendType = Peers.Peer.TypeOf(key.Id),
                PublicKey = key.Public.Pem,
                Capabilities = OwnCapabilities.Of(key.Id, health.Report(tellsCount: false).Capabilities),
                CreatedAt = key.CreatedAt,
                Proof = isProofWanted ? key.Sign(SigningText.Identity(key.Id, challenge.ToString())) : null,
                Connection = connection,
                ConnectionProof = connection is null ? null : key.Sign(SigningText.Identity(key.Id, challenge.ToString(), connection)),
            },
            MaestraJson.Compact.IdentityResponse);
    }

    /// <summary>Null for callers elsewhere: what address a backend has behind its proxy is nobody's business.</summary>
    private static string? ConnectionOf(ConnectionInfo connection) =>
        connection is { LocalIpAddress: { } own, RemoteIpAddress: { } caller } && IPAddress.IsLoopback(caller)
            ? ConnectionEnd.Of(new IPEndPoint(own, connection.LocalPort))
            : null;

    private static bool IsChallenge(StringValues challenge) =>
        challenge is [{ Length: ChallengeCharacters } text] && HexText.Is(text);
}
