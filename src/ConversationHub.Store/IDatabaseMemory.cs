namespace ConversationHub.Store;

/// <summary>
/// Keeps across starts what a replica has seen of the server of its database, a line of text (decision 61). Losing it is harmless: a database whose files
/// were put back while every replica was stopped is then not recognised. Called by one thread at a time; neither throws for what the disk does.
/// </summary>
public interface IDatabaseMemory
{
    /// <returns>The latest that was saved; null when there is none, or it cannot be read.</returns>
    string? Load();

    /// <summary>Called every two seconds at most, and at a stop.</summary>
    void Save(string seen);
}
