using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Mcp.Stdio;

/// <summary>The process's own streams, for the transport alone.</summary>
internal static class StandardStreams
{
    internal static Stream OpenInput() => Console.OpenStandardInput();

    /// <summary>
    /// On Unix the descriptor itself: the console's stream hides a broken pipe, and the process would go on writing
    /// to a client that is gone.
    /// </summary>
    internal static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows())
            return Console.OpenStandardOutput();
        const int StandardOutput = 1;
        try
        {
            var output = new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);

            // Redirected to a file there is no pipe to break, and a file stream would write at an offset of its own,
            // over what others append to the same file.
            return output.CanSeek ? Console.OpenStandardOutput() : output;
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Started without a standard output: the first write says so and ends the program.
            return Console.OpenStandardOutput();
        }
    }
}
