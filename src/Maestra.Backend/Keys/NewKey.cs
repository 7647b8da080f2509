using System.Buffers.Text;
using System.Security.Cryptography;

namespace Maestra.Backend.Keys;

/// <summary>Makes keys: <c>mk_</c> and 43 characters of base64url, 256 random bits (wire.md §8).</summary>
internal static class NewKey
{
    public const string Prefix = "mk_";
    private const int RandomBytes = 32;

    public static string Make() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));
}
