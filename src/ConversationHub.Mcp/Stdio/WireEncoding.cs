using System.Text.Encodings.Web;

namespace ConversationHub.Mcp.Stdio;

/// <summary>
/// How text is escaped on the wire: only what JSON demands, so that a Japanese answer is not six times its size, and
/// line separators (U+2028, U+2029), because some clients' line readers split at them.
/// </summary>
internal static class WireEncoding
{
    internal static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
}
