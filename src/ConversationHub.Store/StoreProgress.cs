namespace ConversationHub.Store;

/// <summary>How far one piece of work on a whole store has come, for people who wait for it.</summary>
/// <param name="Doing">What is done, such as <c>reading the log</c>.</param>
/// <param name="Total">0 while it is not known.</param>
/// <param name="Unit">What is counted, such as <c>files</c>.</param>
public readonly record struct StoreProgress(string Doing, long Done, long Total, string Unit);
