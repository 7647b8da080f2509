using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;
using System.Text;

namespace Maestra.Backend.Identity;

/// <summary>The keys' document as one short word, for stores that take no more than a line: gzip, then base64.</summary>
internal static class KeyText
{
    private const int MaxBytes = 16 * 1024;

    public static string Pack(string document)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(document));
        return Convert.ToBase64String(packed.GetBuffer(), 0, (int)packed.Length);
    }

    /// <returns>False for anything that <see cref="Pack"/> did not make.</returns>
    public static bool TryUnpack(string word, [NotNullWhen(true)] out string? document)
    {
        document = null;
        if (!StrictBase64.TryDecode(word, out var packed))
            return false;
        try
        {
            using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            var bytes = new byte[MaxBytes + 1];
            var length = gzip.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);

            // A stream that was cut reads as a shorter one; its last four bytes say how long it was (RFC 1952 §2.3.1).
            if (length > MaxBytes || packed.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(packed.Length - sizeof(uint))) != length)
                return false;
            document = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes, 0, length);
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            return false;
        }
    }
}
