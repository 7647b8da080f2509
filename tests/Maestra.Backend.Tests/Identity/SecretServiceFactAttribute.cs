using System.Runtime.CompilerServices;
using ConversationHub.Testing;

namespace Maestra.Backend.Tests.Identity;

/// <summary>
/// A test that needs a Secret Service of its own. Where a program for it is missing it is skipped, with the reason, unless
/// <c>MAESTRA_TESTS_FORBID_SKIP=1</c>: then it runs, and fails for want of it.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SecretServiceFactAttribute : FactAttribute
{
    public const string Session = "/usr/bin/dbus-run-session";
    private const string Missing = "needs Debian's libsecret-tools, gnome-keyring and dbus";

    /// <param name="method">Left to the compiler.</param>
    public SecretServiceFactAttribute([CallerMemberName] string? method = null)
    {
        if ((File.Exists(Session) && File.Exists("/usr/bin/secret-tool") && File.Exists("/usr/bin/gnome-keyring-daemon"))
            || TestSkips.AreForbidden)
        {
            return;
        }

        Skip = Missing;
        // "dotnet test" prints the names of skipped tests and not the reasons, so the name says it.
        DisplayName = $"{method} ({Missing})";
    }
}
