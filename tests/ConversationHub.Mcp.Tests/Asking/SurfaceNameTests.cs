using ConversationHub.Mcp.Asking;

namespace ConversationHub.Mcp.Tests.Asking;

public sealed class SurfaceNameTests
{
    [Theory]
    [InlineData("goose", "Cursor", "goose")]
    [InlineData(null, "Cursor", "Cursor")]
    [InlineData(null, null, "windsurf")]
    [InlineData(null, "  ", "windsurf")]
    [InlineData(null, "\u202eevil\u0000", "evil")]
    [InlineData(null, "0123456789012345678901234567890123456789012345678901234567890123456789", "0123456789012345678901234567890123456789012345678901234567890123")]
    public void Of_SettingThenClientThenDefault(string? setting, string? client, string expected) =>
        Assert.Equal(expected, SurfaceName.Of(setting, client));
}
