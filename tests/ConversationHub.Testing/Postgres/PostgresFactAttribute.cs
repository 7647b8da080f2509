using System.Runtime.CompilerServices;
using Xunit;

namespace ConversationHub.Testing.Postgres;

/// <summary>
/// A test that needs a <see cref="PostgresCluster"/> of its own. Where PostgreSQL is missing it is skipped, with the reason, unless
/// <c>MAESTRA_TESTS_FORBID_SKIP=1</c>: then it runs, and fails for want of the programs.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    /// <param name="method">Left to the compiler.</param>
    public PostgresFactAttribute([CallerMemberName] string? method = null)
    {
        if (PostgresTools.Programs is not null || TestSkips.AreForbidden)
            return;
        Skip = PostgresTools.NeedsPrograms;
        // "dotnet test" prints the names of skipped tests and not the reasons, so the name says it.
        DisplayName = $"{method} ({PostgresTools.NeedsPrograms})";
    }
}
