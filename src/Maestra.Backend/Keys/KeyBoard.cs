namespace Maestra.Backend.Keys;

/// <summary>Holds the keys that count now. Thread-safe: one reference is swapped.</summary>
internal sealed class KeyBoard(KeyRing first)
{
    private volatile KeyRing _current = first;

    public KeyRing Current => _current;

    public void Replace(KeyRing ring) => _current = ring;
}
