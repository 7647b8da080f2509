namespace ConversationHub.Mcp.Stdio;

/// <summary>Why the conversation over standard input and output is over.</summary>
internal enum StdioEnd
{
    /// <summary>The client closed its end of standard input, and answers that were ready have been written.</summary>
    EndOfInput,

    /// <summary>Standard input could not be read.</summary>
    InputFailed,

    /// <summary>Standard output could not be written: nobody would read the rest.</summary>
    OutputFailed,

    /// <summary>The server stopped first.</summary>
    Stopped,
}
