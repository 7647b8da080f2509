using System.Buffers.Binary;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace StartMethods;

/// <summary>Two things that a profile needs and <see cref="PersistedAssemblyBuilder"/> does not write are put right in the tables that it wrote.</summary>
internal static class ProfileImage
{
    private const string CanonAssembly = "System.Private.Canon";

    /// <summary>What a profile calls the type that stands for every reference type: the core library's own is for crossgen2 one class among others.</summary>
    public static Type Canon { get; } = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(CanonAssembly), AssemblyBuilderAccess.Run)
        .DefineDynamicModule(CanonAssembly).DefineType("System.__Canon", TypeAttributes.Public).CreateType();

    /// <param name="image">Refers to <see cref="Canon"/>, and its first method takes and returns nothing.</param>
    public static byte[] Corrected(byte[] image)
    {
        using var file = new PEReader(new MemoryStream(image));
        var reader = file.GetMetadataReader();
        var canons = reader.TypeReferences.Where(handle => reader.GetString(reader.GetTypeReference(handle).Name) == "__Canon").ToArray();
        var right = Row(canons.Single(IsOurs)).ToArray();
        foreach (var canon in canons)
            right.CopyTo(Row(canon));

        // A type initializer is written as if it belonged to an instance, and then not found.
        var signature = reader.GetHeapOffset(reader.GetMethodDefinition(reader.MethodDefinitions.First()).Signature);
        foreach (var handle in reader.MemberReferences.Where(handle => reader.GetString(reader.GetMemberReference(handle).Name) == ".cctor"))
        {
            if (reader.GetHeapSize(HeapIndex.Blob) > ushort.MaxValue)
                BinaryPrimitives.WriteInt32LittleEndian(Row(handle)[^sizeof(int)..], signature);
            else
                BinaryPrimitives.WriteUInt16LittleEndian(Row(handle)[^sizeof(ushort)..], (ushort)signature);
        }

        return image;

        bool IsOurs(TypeReferenceHandle handle) =>
            reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)reader.GetTypeReference(handle).ResolutionScope).Name) == CanonAssembly;

        Span<byte> Row(EntityHandle handle)
        {
            var table = MetadataTokens.TryGetTableIndex(handle.Kind, out var index) ? index : throw new ArgumentException($"No table holds a {handle.Kind}.", nameof(handle));
            var size = reader.GetTableRowSize(table);
            var start = file.PEHeaders.MetadataStartOffset + reader.GetTableMetadataOffset(table);
            return image.AsSpan(start + ((MetadataTokens.GetRowNumber(handle) - 1) * size), size);
        }
    }
}
