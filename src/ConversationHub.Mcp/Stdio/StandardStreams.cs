using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Mcp.Stdio;

/// <summary>The process's own streams: those of the transport, and what the commands have to say.</summary>
internal static partial class StandardStreams
{
    /// <summary>
    /// A launcher may hand on pipes of its own that do not block; reads without data and writes without room would then
    /// look like the end of the client.
    /// </summary>
    internal static void MakeBlocking()
    {
        const int StandardInput = 0;
        const int StandardOutput = 1;
        if (OperatingSystem.IsWindows())
            return;
        MakeBlocking(StandardInput);
        MakeBlocking(StandardOutput);
    }

    /// <summary>A descriptor that is closed or knows no such mode stays as it is.</summary>
    internal static void MakeBlocking(nint descriptor) => _ = SetIsNonBlocking(descriptor, 0);

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

    /// <summary>
    /// Says a sentence on standard error. When it takes none (a full disk behind it, closed) the sentence is lost and the program goes on
    /// to its exit code: there is nobody left to be told.
    /// </summary>
    internal static async Task TellAsync(string sentence)
    {
        try
        {
            await Console.Error.WriteLineAsync(sentence);
        }
        catch (Exception failure) when (IsFailure(failure))
        {
            // Said above.
        }
    }

    /// <summary>Whether this is how a stream says that it cannot be read or written, and no fault of ours.</summary>
    internal static bool IsFailure(Exception failure) =>
        failure is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException;

    /// <summary>The framework's own shim: fcntl takes its last argument in another way on each platform.</summary>
    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_FcntlSetIsNonBlocking")]
    private static partial int SetIsNonBlocking(nint descriptor, int isNonBlocking);
}
