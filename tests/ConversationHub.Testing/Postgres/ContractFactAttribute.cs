using System.ComponentModel;
using Xunit;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace ConversationHub.Testing.Postgres;

/// <summary>
/// A test of the contract that all stores keep. In classes named for PostgreSQL it is skipped, with the reason, where there is none,
/// unless <c>MAESTRA_TESTS_FORBID_SKIP=1</c>: then it runs and fails with that reason.
/// </summary>
[XunitTestCaseDiscoverer("ConversationHub.Testing.Postgres.ContractFactDiscoverer", "ConversationHub.Testing")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContractFactAttribute : FactAttribute;

/// <summary>Makes the test cases of <see cref="ContractFactAttribute"/>.</summary>
public sealed class ContractFactDiscoverer(IMessageSink messages) : FactDiscoverer(messages)
{
    protected override IXunitTestCase CreateTestCase(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        new ContractTestCase(DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod);
}

/// <summary>Knows the class it runs in, which an attribute does not.</summary>
public sealed class ContractTestCase : XunitTestCase
{
    /// <summary>For xunit, which makes it anew in another domain.</summary>
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("For xunit only.")]
    public ContractTestCase()
    {
    }

    public ContractTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    private string? MissingReason =>
        TestMethod.TestClass.Class.Name.Contains("Postgres", StringComparison.Ordinal) && !TestSkips.AreForbidden
            ? PostgresTools.MissingReason
            : null;

    protected override string? GetSkipReason(IAttributeInfo factAttribute) => MissingReason ?? base.GetSkipReason(factAttribute);

    // "dotnet test" prints the names of skipped tests and not the reasons, so the name says it.
    protected override string GetDisplayName(IAttributeInfo factAttribute, string displayName) =>
        base.GetDisplayName(factAttribute, MissingReason is { } reason ? $"{displayName} ({reason})" : displayName);
}
