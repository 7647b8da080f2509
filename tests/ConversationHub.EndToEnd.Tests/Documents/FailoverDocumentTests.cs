using System.Text.RegularExpressions;
using ConversationHub.Testing;

namespace ConversationHub.EndToEnd.Tests.Documents;

/// <summary>docs/failover.md promises, and names for each promise the test that holds it: those tests must be there.</summary>
public sealed partial class FailoverDocumentTests
{
    private const int FewestPromises = 15;

    private static readonly string Document = File.ReadAllText(RepositoryRoot.Combine("docs", "failover.md"));

    [Fact]
    public void Guarantees_EveryTestNamed_Exists()
    {
        var sources = TestSources();

        var missing = TestName().Matches(Document)
            .Where(name => !Exists(sources, name.Groups["class"].Value, name.Groups["method"].Value))
            .Select(name => name.Value);

        Assert.Empty(missing);
    }

    [Fact]
    public void Guarantees_EveryPromise_NamesATest()
    {
        var guarantees = Document[Document.IndexOf("## Guarantees", StringComparison.Ordinal)..];
        var promises = guarantees.Split('\n')
            .Where(line => line.StartsWith("| **", StringComparison.Ordinal) || line.Contains("*Held by*", StringComparison.Ordinal))
            .ToList();

        Assert.InRange(promises.Count, FewestPromises, int.MaxValue);
        Assert.All(promises, promise => Assert.Matches(TestName(), promise));
    }

    [Fact]
    public void Table_EveryOutcomeOfTheWireFormat_HasARow()
    {
        var outcomes = RepositoryRoot.Combine("src", "ConversationHub.Routing", "Asking", "AttemptOutcome.cs");

        Assert.All(
            OutcomeName().Matches(File.ReadAllText(outcomes)).Select(match => match.Groups["name"].Value).Where(name => name != "answered"),
            name => Assert.Contains($"`{name}`", Document, StringComparison.Ordinal));
    }

    /// <summary>Several projects may have a class of the same name: one of them must hold the test.</summary>
    private static bool Exists(ILookup<string, string> sources, string type, string method) =>
        sources[type].Any(source => source.Contains($" {method}(", StringComparison.Ordinal));

    private static ILookup<string, string> TestSources() =>
        Directory.EnumerateFiles(RepositoryRoot.Combine("tests"), "*Tests.cs", SearchOption.AllDirectories)
            .ToLookup(path => Path.GetFileNameWithoutExtension(path), File.ReadAllText);

    [GeneratedRegex(@"`(?<class>\w+Tests)\.(?<method>\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex("=> \"(?<name>[a-z_]+)\"")]
    private static partial Regex OutcomeName();
}
