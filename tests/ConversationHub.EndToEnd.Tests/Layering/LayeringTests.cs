using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using ConversationHub.Testing.Processes;

namespace ConversationHub.EndToEnd.Tests.Layering;

/// <summary>The arrows of design.md §2, read from the assemblies that were built: <c>Contracts ← Routing ← Mcp ← McpHttp</c> and <c>Contracts ← Store ← Backend</c>.</summary>
public sealed class LayeringTests
{
    private static readonly string[] Ours =
        ["ConversationHub.Contracts", "ConversationHub.Routing", "ConversationHub.Store", "conversation-hub-mcp", "conversation-hub-mcp-http", "maestra-backend"];

    public static TheoryData<string, string, string[]> Arrows => new()
    {
        { BuiltPrograms.Hub, "ConversationHub.Contracts", [] },
        { BuiltPrograms.Hub, "ConversationHub.Routing", ["ConversationHub.Contracts"] },
        { BuiltPrograms.Hub, "conversation-hub-mcp", ["ConversationHub.Contracts", "ConversationHub.Routing"] },
        { BuiltPrograms.HubOverHttp, "conversation-hub-mcp-http", ["ConversationHub.Contracts", "ConversationHub.Routing", "conversation-hub-mcp"] },
        { BuiltPrograms.Backend, "ConversationHub.Store", ["ConversationHub.Contracts"] },
        { BuiltPrograms.Backend, "maestra-backend", ["ConversationHub.Contracts", "ConversationHub.Store"] },
    };

    [Theory]
    [MemberData(nameof(Arrows))]
    public void Assembly_OfOurs_ReferencesOnlyWhatIsBelowIt(string program, string assembly, string[] allowed)
    {
        var references = References(program, assembly).Where(Ours.Contains);

        Assert.Subset(allowed.ToHashSet(), references.ToHashSet());
    }

    [Fact]
    public void Contracts_Always_ReferencesNothingButTheFramework()
    {
        var references = References(BuiltPrograms.Hub, "ConversationHub.Contracts");

        Assert.All(references, name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
    }

    [Fact]
    public void Routing_Always_KnowsNeitherMcpNorTheWebServer()
    {
        var references = References(BuiltPrograms.Hub, "ConversationHub.Routing");

        Assert.DoesNotContain(references, name => name.StartsWith("ModelContextProtocol", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    /// <summary>The web server is why there are two programs (docs/decisions/0020).</summary>
    [Fact]
    public void Hub_Always_DoesNotKnowTheWebServer()
    {
        var references = References(BuiltPrograms.Hub, "conversation-hub-mcp");

        Assert.DoesNotContain(references, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));
    }

    private static List<string> References(string program, string assembly)
    {
        using var file = File.OpenRead(Path.Combine(Path.GetDirectoryName(program)!, assembly + ".dll"));
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
