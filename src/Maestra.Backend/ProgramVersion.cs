using System.Reflection;

namespace Maestra.Backend;

/// <summary>The version of this program, as <c>--version</c> and <c>/health</c> tell it.</summary>
internal static class ProgramVersion
{
    public static readonly string Text =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
