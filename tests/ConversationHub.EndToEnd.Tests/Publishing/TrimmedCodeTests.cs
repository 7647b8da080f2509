using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Publishing;

/// <summary>
/// Trimming may take away what nobody calls, and nothing of what is called: one trimmer deleted what stood in a nested <c>finally</c> of asynchronous
/// methods, so that a lock was never let go (dotnet/runtime issue 131088, docs/decisions/0074).
/// </summary>
public sealed class TrimmedCodeTests
{
    /// <summary>By what a <c>lock</c> is taken, and by what it is let go.</summary>
    private static readonly (string Take, string LetGo)[] Locks = [("Monitor.Enter", "Monitor.Exit"), ("Lock.EnterScope", "Scope.Dispose")];

    /// <summary>Others may take a lock for their caller.</summary>
    private const string AsynchronousBody = "MoveNext";

    private static readonly FrozenDictionary<short, OpCode> OpCodesByValue = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static field => (OpCode)field.GetValue(null)!).ToFrozenDictionary(static code => code.Value);

    [Fact]
    public void Hub_EveryAsynchronousMethodThatTakesALock_LetsItGo() => Check(BuiltPrograms.Hub);

    [Fact]
    public void HubOverHttp_EveryAsynchronousMethodThatTakesALock_LetsItGo() => Check(BuiltPrograms.HubOverHttp);

    [Fact]
    public void Backend_EveryAsynchronousMethodThatTakesALock_LetsItGo() => Check(BuiltPrograms.Backend);

    private static void Check(string program)
    {
        var looked = 0;
        var broken = new List<string>();
        foreach (var path in Directory.GetFiles(Path.GetDirectoryName(program)!, "*.dll"))
        {
            using var file = new PEReader(File.OpenRead(path));
            if (!file.HasMetadata)
                continue;
            var metadata = file.GetMetadataReader();
            foreach (var handle in metadata.MethodDefinitions)
            {
                var method = metadata.GetMethodDefinition(handle);
                if (method.RelativeVirtualAddress == 0 || metadata.GetString(method.Name) != AsynchronousBody)
                    continue;
                var calls = CallsOf(metadata, file.GetMethodBody(method.RelativeVirtualAddress).GetILReader()).ToList();
                foreach (var (take, letGo) in Locks)
                {
                    var taken = calls.Count(name => name == take);
                    looked += taken;
                    if (calls.Count(name => name == letGo) < taken)
                        broken.Add($"{Path.GetFileName(path)} {NameOf(metadata, method.GetDeclaringType())}: {take} without {letGo}");
                }
            }
        }

        Assert.Empty(broken);
        Assert.True(looked > 20, $"only {looked} locks were seen");
    }

    /// <summary>Type and method of each call, as <c>Monitor.Exit</c>.</summary>
    private static IEnumerable<string> CallsOf(MetadataReader metadata, BlobReader code)
    {
        while (code.RemainingBytes > 0)
        {
            var first = code.ReadByte();
            var value = first == 0xFE ? (short)(0xFE00 | code.ReadByte()) : first;
            switch (OpCodesByValue[value].OperandType)
            {
                case OperandType.InlineMethod:
                    yield return CalledBy(metadata, MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += targets * sizeof(int);
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += sizeof(byte);
                    break;
                case OperandType.InlineVar:
                    code.Offset += sizeof(short);
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += sizeof(long);
                    break;
                default:
                    code.Offset += sizeof(int);
                    break;
            }
        }
    }

    private static string CalledBy(MetadataReader metadata, EntityHandle method)
    {
        switch (method.Kind)
        {
            case HandleKind.MemberReference:
                var elsewhere = metadata.GetMemberReference((MemberReferenceHandle)method);
                return $"{NameOf(metadata, elsewhere.Parent)}.{metadata.GetString(elsewhere.Name)}";
            case HandleKind.MethodDefinition:
                // As the core library calls its own locks.
                var own = metadata.GetMethodDefinition((MethodDefinitionHandle)method);
                return $"{NameOf(metadata, own.GetDeclaringType())}.{metadata.GetString(own.Name)}";
            default:
                return "";
        }
    }

    private static string NameOf(MetadataReader metadata, EntityHandle type) => type.Kind switch
    {
        HandleKind.TypeReference => metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type).Name),
        HandleKind.TypeDefinition => metadata.GetString(metadata.GetTypeDefinition((TypeDefinitionHandle)type).Name),
        _ => "",
    };
}
