namespace ConversationHub.Store.Index;

/// <summary>Small numbers for names that repeat: surfaces, origins. Not thread-safe.</summary>
internal sealed class NameTable
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    public int Count => _names.Count;

    public string this[int number] => _names[number];

    public int GetOrAdd(string name)
    {
        if (_numbers.TryGetValue(name, out var number))
            return number;
        number = _names.Count;
        _numbers.Add(name, number);
        _names.Add(name);
        return number;
    }

    public bool TryGet(string name, out int number) => _numbers.TryGetValue(name, out number);
}
