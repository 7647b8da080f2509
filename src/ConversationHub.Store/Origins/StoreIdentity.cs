using System.Text.Json;
using ConversationHub.Contracts;
using ConversationHub.Store.Disk;
using ConversationHub.Store.Log;

namespace ConversationHub.Store.Origins;

/// <summary>
/// The store's own id: one checksummed line in <c>log/store.json</c>. Losing it is harmless:
/// a store without one takes a new id, as a restored or cloned store should (wire.md §9.5).
/// </summary>
/// <param name="StoreId">32 hexadecimal digits.</param>
/// <param name="Damage">The damage that was known when the id was taken (<see cref="IdentityRenewal.DigestOf"/>); empty for none.</param>
/// <param name="Born">When the folder was made in which it was written (<see cref="BirthMark"/>); empty when that is not known.</param>
internal sealed record StoreIdentity(string StoreId, string Damage = "", string Born = "")
{
    private const int IdBytes = 16;

    public static StoreIdentity New(IdSource ids) => new(ids.NewHex(IdBytes));

    /// <summary>Reads the file.</summary>
    /// <param name="newerFormat">The format version of a file this version does not know; otherwise null.</param>
    /// <returns>Null when the file is absent or damaged.</returns>
    public static StoreIdentity? TryRead(string path, out int? newerFormat)
    {
        newerFormat = null;
        if (!File.Exists(path) || ChecksumFile.TryRead(path) is not { } bytes)
            return null;
        using var document = JsonDocument.Parse(bytes);
        var version = document.RootElement.GetProperty("v").GetInt32();
        if (version > Operation.CurrentFormat)
        {
            newerFormat = version;
            return null;
        }

        return new StoreIdentity(
            document.RootElement.GetProperty("store_id").GetString()!,
            document.RootElement.TryGetProperty("damage", out var damage) ? damage.GetString()! : "",
            document.RootElement.TryGetProperty("born", out var born) ? born.GetString()! : "");
    }

    public void Write(string path, IDisk disk) => ChecksumFile.Write(path, disk, json =>
    {
        json.WriteString("store_id"u8, StoreId);
        if (Damage.Length > 0)
            json.WriteString("damage"u8, Damage);
        if (Born.Length > 0)
            json.WriteString("born"u8, Born);
    });
}
