using System.Globalization;

namespace ConversationHub.Store.Log;

/// <summary>Names of segments: <c>{12-digit number}.jsonl</c>.</summary>
internal static class SegmentName
{
    private const int Digits = 12;
    private const string Extension = ".jsonl";

    public static string Of(int number) => number.ToString("D12", CultureInfo.InvariantCulture) + Extension;

    public static bool TryParse(string fileName, out int number)
    {
        number = 0;
        return fileName.Length == Digits + Extension.Length
            && fileName.EndsWith(Extension, StringComparison.Ordinal)
            && int.TryParse(fileName.AsSpan(0, Digits), NumberStyles.None, CultureInfo.InvariantCulture, out number)
            && number > 0;
    }
}
