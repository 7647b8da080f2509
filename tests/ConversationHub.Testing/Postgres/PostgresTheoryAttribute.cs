using System.Runtime.CompilerServices;
using Xunit;

namespace ConversationHub.Testing.Postgres;

/// <summary>What <see cref="PostgresFactAttribute"/> is to a fact.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    /// <param name="method">Left to the compiler.</param>
    public PostgresTheoryAttribute([CallerMemberName] string? method = null)
    {
        var fact = new PostgresFactAttribute(method);
        if (fact.Skip is not null)
            (Skip, DisplayName) = (fact.Skip, fact.DisplayName);
    }
}
