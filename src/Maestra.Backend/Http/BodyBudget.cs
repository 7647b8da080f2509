using Maestra.Backend.Settings;

namespace Maestra.Backend.Http;

/// <summary>How many bytes of bodies are held at once: so many large questions cannot use up the memory. Thread-safe.</summary>
internal sealed class BodyBudget(long maxBytes)
{
    public const long LocalBytes = 64L << 20;
    public const long CloudBytes = 256L << 20;

    private long _held;

    public long HeldBytes => Interlocked.Read(ref _held);

    public static BodyBudget For(BackendMode mode) => new(mode == BackendMode.Local ? LocalBytes : CloudBytes);

    /// <summary>Begins with nothing; gives all back when disposed.</summary>
    public Lease Open() => new(this);

    internal sealed class Lease(BodyBudget budget) : IDisposable
    {
        private int _bytes;

        /// <returns>False when there is no room; nothing was taken then.</returns>
        public bool TryTake(int bytes)
        {
            if (Interlocked.Add(ref budget._held, bytes) > budget.MaxBytes)
            {
                Interlocked.Add(ref budget._held, -bytes);
                return false;
            }

            _bytes += bytes;
            return true;
        }

        public void Dispose() => Interlocked.Add(ref budget._held, -Interlocked.Exchange(ref _bytes, 0));
    }

    private long MaxBytes { get; } = maxBytes;
}
