namespace ConversationHub.Store.Log;

/// <summary>What one line of a segment turned out to be.</summary>
internal enum LineRead
{
    Good,

    /// <summary>Not the bytes that were written.</summary>
    Damaged,

    /// <summary>Intact, and written by a version this one does not know.</summary>
    Newer,
}
