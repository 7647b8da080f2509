using System.Globalization;
using ConversationHub.Contracts;
using ConversationHub.Store.Log;
using ConversationHub.Store.Origins;

namespace ConversationHub.Store.Recovery;

/// <summary>Tells a store that a newer version has written, so that nothing of it is touched.</summary>
internal static class NewerStore
{
    /// <summary>Looks at the store's id and at the last line of its log. A line in the middle is found when the log is read.</summary>
    /// <returns>Null when this version knows both formats, or there is neither.</returns>
    /// <exception cref="IOException">The log cannot be read.</exception>
    public static string? Refusal(LogFolder folder)
    {
        StoreIdentity.TryRead(folder.Identity, out var format);
        if (format is { } version)
            return Refusal(folder.Identity, string.Create(CultureInfo.InvariantCulture, $"format {version}"));
        return LastLine.NewerFormat(folder) is { } last ? Refusal(folder.Log, last) : null;
    }

    public static string Refusal(string path, string found) =>
        $"{path} was written by a newer version: it has {found}, and this version knows format {Operation.CurrentFormat}. "
        + "Nothing was changed. Use the newer version of maestra-backend, or set CONVERSATION_HUB_ROOT to another folder.";
}
