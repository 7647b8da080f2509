using ConversationHub.Contracts;

namespace ConversationHub.Store;

/// <summary>Which conversations their owners keep on this backend (the tag <c>local_only</c>). Of a store that knows it without asking a disk or a server.</summary>
public interface IKeptConversations
{
    /// <summary>Whether the conversation is kept here; false for one that is not known.</summary>
    /// <param name="owner">Who began it.</param>
    bool IsKeptHere(UserId owner, ConversationId id);

    /// <summary>All of them, whoever began them, erased ones left out.</summary>
    IReadOnlyList<ConversationId> KeptHere();
}
