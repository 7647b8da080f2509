namespace Quickstart;

/// <summary>A step of the story did not happen.</summary>
internal sealed class StoryException(string message) : Exception(message);
