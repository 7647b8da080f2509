using System.Runtime.CompilerServices;

namespace ConversationHub.Routing.Tests.Soak;

/// <summary>That the soak can fail.</summary>
[Collection(Alone.Name)]
public sealed class HeldTests
{
    [Fact]
    public void Now_TaskThatNobodyEndsNorReferences_IsCounted()
    {
        ActiveTasks.Watch();
        try
        {
            var before = Held.Now(connections: 0);
            const int Leaks = 40;
            for (var leak = 0; leak < Leaks; leak++)
                Leak();

            var after = Held.Now(connections: 0);

            Assert.InRange(after.Tasks, before.Tasks + Leaks - SoakTests.MaxTasksMore, int.MaxValue);
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => SoakTests.CheckTasks(before, after));
        }
        finally
        {
            ActiveTasks.StopWatching();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Leak() => _ = WaitForNothingAsync();

    private static async Task WaitForNothingAsync() => await new TaskCompletionSource().Task;
}
