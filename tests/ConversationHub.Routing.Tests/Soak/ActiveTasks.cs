using System.Runtime.CompilerServices;

namespace ConversationHub.Routing.Tests.Soak;

/// <summary>
/// How many asynchronous methods and started tasks of this process have begun and not ended, by the list that the runtime keeps for
/// debuggers: one that nobody references any more is still there.
/// </summary>
internal static class ActiveTasks
{
    /// <summary>From here on they are counted; what began before is not.</summary>
    public static void Watch() => IsWatched(null) = true;

    public static void StopWatching()
    {
        IsWatched(null) = false;
        if (All(null) is { } tasks)
        {
            lock (tasks)
                tasks.Clear();
        }
    }

    public static int Count
    {
        get
        {
            if (All(null) is not { } tasks)
                return 0;
            lock (tasks)
                return tasks.Count;
        }
    }

    /// <summary>The methods that are under way, most frequent first, for the message of a failed test.</summary>
    public static string Describe()
    {
        if (All(null) is not { } tasks)
            return "none";
        lock (tasks)
        {
            return string.Join(", ", tasks.Values
                .GroupBy(static task => task.GetType() is { IsGenericType: true } type ? type.GetGenericArguments()[^1].FullName : "a task")
                .OrderByDescending(static group => group.Count())
                .Select(static group => $"{group.Count()} × {group.Key}"));
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = "s_asyncDebuggingEnabled")]
    private static extern ref bool IsWatched(Task? type);

    [UnsafeAccessor(UnsafeAccessorKind.StaticField, Name = "s_currentActiveTasks")]
    private static extern ref Dictionary<int, Task>? All(Task? type);
}
