namespace ConversationHub.Testing;

/// <summary>Things that happened, in order, which a test can await. Thread-safe.</summary>
public sealed class Journal<T>
{
    private readonly Lock _gate = new();
    private readonly List<T> _items = [];
    private TaskCompletionSource _changed = New();

    public IReadOnlyList<T> Snapshot()
    {
        lock (_gate)
            return [.. _items];
    }

    public void Add(T item) => Add(_ => item);

    /// <summary>Adds what is made from the number it will have (from 1), and returns it.</summary>
    public T Add(Func<int, T> make)
    {
        TaskCompletionSource changed;
        T item;
        lock (_gate)
        {
            item = make(_items.Count + 1);
            _items.Add(item);
            changed = _changed;
            _changed = New();
        }

        changed.TrySetResult();
        return item;
    }

    /// <summary>The <paramref name="number"/>-th item (from 1), now or as soon as there is one.</summary>
    /// <exception cref="TimeoutException">It did not come within <see cref="TestTimeouts.Signal"/>.</exception>
    public async Task<T> ItemAsync(int number) => (await WhenAsync(items => items.Count >= number))[number - 1];

    /// <summary>The first item that fits, now or as soon as there is one.</summary>
    /// <exception cref="TimeoutException">It did not come within <see cref="TestTimeouts.Signal"/>.</exception>
    public async Task<T> FirstAsync(Predicate<T> fits) =>
        (await WhenAsync(items => items.Any(item => fits(item)))).First(item => fits(item));

    /// <summary>All items, as soon as they satisfy <paramref name="condition"/>.</summary>
    /// <exception cref="TimeoutException">They did not within <see cref="TestTimeouts.Signal"/>.</exception>
    public async Task<IReadOnlyList<T>> WhenAsync(Predicate<IReadOnlyList<T>> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        using var patience = new CancellationTokenSource(TestTimeouts.Signal);
        while (true)
        {
            Task changed;
            IReadOnlyList<T> items;
            lock (_gate)
            {
                items = [.. _items];
                changed = _changed.Task;
            }

            if (condition(items))
                return items;
            try
            {
                await changed.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException(
                    $"Waited {TestTimeouts.Signal.TotalSeconds} s in vain; {items.Count} came:\n{string.Join('\n', items)}");
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
