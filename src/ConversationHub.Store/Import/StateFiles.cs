using System.Collections.Frozen;
using ConversationHub.Store.Views;

namespace ConversationHub.Store.Import;

/// <summary>
/// Files of the backend itself that may stand in the folder of conversations since a time when one folder served for both, or because its owner put
/// them there: what was spent, who is paired, how it is set up. They are no damaged conversations and are never moved.
/// </summary>
internal static class StateFiles
{
    private static readonly FrozenSet<string> Names = new[] { "maestra_cost_tracker", "peers", "config", "prices" }
        .Select(static name => name + ViewName.Extension)
        .ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>For a file that cannot be read as a conversation: true when nobody should look for one in it.</summary>
    /// <param name="fileName">Without folders.</param>
    public static bool Has(string fileName) => Names.Contains(fileName);
}
