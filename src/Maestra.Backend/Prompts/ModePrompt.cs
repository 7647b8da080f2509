using System.Globalization;
using System.Text;
using ConversationHub.Contracts;

namespace Maestra.Backend.Prompts;

/// <summary>
/// The instructions of one mode: a text file whose first line is <c>maestra-prompt {mode} {version}</c>, and whose rest is given to the model.
/// </summary>
/// <param name="Version">Counts from 1; told in the log, so that one knows which instructions an answer followed.</param>
internal sealed record ModePrompt(string Mode, int Version, string Instructions)
{
    public const int MaxBytes = 8192;
    private const string Header = "maestra-prompt";
    private const int MaxVersion = 1_000_000;

    /// <param name="expected">When null is returned: what would be right.</param>
    public static ModePrompt? Parse(string mode, ReadOnlySpan<byte> content, out string? expected)
    {
        expected = $"the first line '{Header} {mode} VERSION' with a whole number from 1, and below it 1 to {MaxBytes} bytes of UTF-8 text";
        if (content.Length > MaxBytes)
            return null;
        string text;
        try
        {
            text = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(content).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            return null;
        }

        var end = text.IndexOf('\n', StringComparison.Ordinal);
        var instructions = end < 0 ? "" : text[(end + 1)..].ReplaceLineEndings("\n").Trim();
        if (end < 0 || instructions.Length == 0 || !FreeText.IsStorable(instructions)
            || text[..end].Trim().Split(' ') is not [Header, var named, var number] || named != mode
            || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version is < 1 or > MaxVersion)
        {
            return null;
        }

        expected = null;
        return new ModePrompt(mode, version, instructions);
    }
}
