using System.Runtime.InteropServices;
using ConversationHub.Mcp.Stdio;
using Microsoft.Win32.SafeHandles;

namespace ConversationHub.Mcp.Tests.Stdio;

public sealed partial class StandardStreamsTests
{
    /// <summary>A pipe of a launcher that does not block: what does not fit into it must wait, not fail.</summary>
    [Fact]
    public async Task MakeBlocking_PipeThatDoesNotBlock_WaitsForRoom()
    {
        if (OperatingSystem.IsWindows())
            return;
        var ends = new int[2];
        Assert.Equal(0, Pipe(ends));
        using var reads = new SafeFileHandle(ends[0], ownsHandle: true);
        using var writes = new SafeFileHandle(ends[1], ownsHandle: true);
        Assert.Equal(0, SetIsNonBlocking(ends[1], 1));

        StandardStreams.MakeBlocking(ends[1]);

        var answer = new byte[1024 * 1024];
        await using var output = new FileStream(writes, FileAccess.Write, bufferSize: 0);
        var writing = output.WriteAsync(answer).AsTask();
        await using var input = new FileStream(reads, FileAccess.Read, bufferSize: 0);
        await input.ReadExactlyAsync(answer);
        await writing;
    }

    [LibraryImport("libc", EntryPoint = "pipe")]
    private static partial int Pipe([Out] int[] ends);

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_FcntlSetIsNonBlocking")]
    private static partial int SetIsNonBlocking(nint descriptor, int isNonBlocking);
}
