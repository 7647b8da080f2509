using System.Text;
using ConversationHub.Store.Index;
using ConversationHub.Store.Views;

namespace ConversationHub.Store.Import;

/// <summary>
/// Tells by its name whether a file beside the log is one that the store writes itself. A large store's folder has hundreds of thousands, so for
/// nearly all of them nothing is made that the collector would have to take away.
/// </summary>
internal sealed class OwnFiles(LogState state)
{
    private const int MostOnStack = 1 << 10;

    /// <param name="name">With its extension.</param>
    public bool Have(ReadOnlySpan<char> name)
    {
        var id = name[..^ViewName.Extension.Length];
        Span<byte> bytes = stackalloc byte[MostOnStack];
        if (!Encoding.UTF8.TryGetBytes(id, bytes, out var written))
            return false;
        lock (state.Gate)
        {
            var number = state.Index.Conversations.FirstOfName(bytes[..written]);
            if (number != OperationEntry.None && ViewName.IsFree(id) && state.Index.Conversations[number].IsShown)
                return true;
        }

        return id.LastIndexOf(ViewName.BeforeDigest) is > 0 and var end && HaveWithDigest(name.ToString(), id[..end].ToString());
    }

    private bool HaveWithDigest(string name, string id)
    {
        lock (state.Gate)
        {
            return state.Index.AllOfId(id).Any(number =>
                state.Index.Conversations[number] is { IsShown: true } one && ViewName.Of(one.Id, one.Owner, state.Index.IsFirstOfName(number)) == name);
        }
    }
}
