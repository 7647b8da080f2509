using System.Text.Json;
using ConversationHub.Contracts;
using Maestra.Backend.Asks;
using Maestra.Backend.Http;
using Maestra.Backend.Identity;

namespace Maestra.Backend.Pairing;

/// <summary>The fields of <c>POST /register-peer</c>, checked for their form.</summary>
internal sealed record RegisterFields(JsonElement Sbt, string PeerId, PeerKey PeerKey, IReadOnlyList<string> Capabilities, string? Proof)
{
    private const int MaxCapabilities = 32;
    private const int MaxCapabilityCharacters = 64;
    private const int MaxProofCharacters = 128;
    private const string SbtField = "sbt";
    private const string IdField = "peer_backend_id";
    private const string KeyField = "peer_public_key";
    private const string CapabilitiesField = "peer_capabilities";

    /// <summary>The token alone, from a body whatever else is in it.</summary>
    public static JsonElement? FindSbt(JsonElement body) => body.TryGetProperty(SbtField, out var sbt) ? sbt : null;

    /// <returns>The fields, or the 422 that names every mistake.</returns>
    public static (RegisterFields? Fields, HttpReply.Refused? Refused) Read(JsonElement body)
    {
        var reader = new FieldReader(body);
        var sbt = FindSbt(body);
        if (sbt is not { ValueKind: JsonValueKind.String or JsonValueKind.Object })
            reader.Add(sbt is null ? ValidationErrorType.Missing : ValidationErrorType.ObjectType, "Field should be the SBT: an object of eight strings or a compact string", SbtField);
        var id = reader.Required(IdField);
        if (id is not null && !BackendIdentity.IsId(id))
            reader.Add(ValidationErrorType.StringPatternMismatch, "String should be local_sha256_ or hosted_sha256_ and 16 lower-case hexadecimal digits", IdField);
        PeerKey? key = null;
        if (reader.Required(KeyField) is { } pem && !PeerKey.TryParsePem(pem, out key))
            reader.Add(ValidationErrorType.ValueError, "String should be an RSA-2048 public key in PEM", KeyField);
        if (!body.TryGetProperty(CapabilitiesField, out _))
            reader.Add(ValidationErrorType.Missing, "Field required", CapabilitiesField);
        var capabilities = reader.Strings(CapabilitiesField, MaxCapabilities, MaxCapabilityCharacters);
        var proof = reader.OptionalCharacters("pairing_proof", MaxProofCharacters);
        if (reader.Errors.Count > 0)
            return (null, HttpReply.Invalid(reader.Errors));
        return key!.HasId(id!) ? (new RegisterFields(sbt!.Value, id!, key, capabilities, proof), null) : (null, Refusals.BackendIdMismatch());
    }
}
