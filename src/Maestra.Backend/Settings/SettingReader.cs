using System.Globalization;
using System.Text.RegularExpressions;
using Maestra.Backend.Prices;

namespace Maestra.Backend.Settings;

/// <summary>Reads settings one by one and collects every mistake, so that all are told at once.</summary>
internal sealed partial class SettingReader(SettingSources sources)
{
    private const int MaxSecretFileBytes = 1 << 20;

    private readonly List<string> _errors = [.. sources.File.Errors];
    private readonly List<string> _warnings = [];

    public IReadOnlyList<string> Errors => _errors;

    public IReadOnlyList<string> Warnings => _warnings;

    public string Home => sources.Home;

    public bool IsSet(string name) => sources.Find(name) is not null;

    public string? Text(string name) => sources.Find(name)?.Text;

    /// <summary>A secret, given itself or, under the name with <c>_FILE</c> behind it, as the path of a file that holds it.</summary>
    public string? Secret(string name)
    {
        if (sources.Find(name) is { } given)
            return given.Text.Trim();
        return sources.Find(name + SettingNames.FileSuffix) is { } path && FileText(path) is { } text ? text.Trim() : null;
    }

    /// <summary>The content of the file that a setting names; null, with an error, when it cannot be read.</summary>
    public string? FileText(SettingValue path)
    {
        if (sources.FullPath(path.Text) is not { } full)
        {
            // Somebody may have put the secret where its path belongs.
            _errors.Add($"{path.Name} ({path.Origin}): a value of {path.Text.Length} characters is no path; expected an absolute path, or one that begins with ~/");
            return null;
        }

        try
        {
            var file = new FileInfo(full);
            if (file is { Exists: true, Length: > 0 and <= MaxSecretFileBytes })
                return File.ReadAllText(full);
            _errors.Add($"{path.Name} ({path.Origin}): '{full}' is not a file of 1 to {MaxSecretFileBytes} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _errors.Add($"{path.Name} ({path.Origin}): '{full}' cannot be read: {e.Message}");
        }

        return null;
    }

    public SettingValue? Find(string name) => sources.Find(name);

    public bool Flag(string name)
    {
        if (sources.Find(name) is not { } value)
            return false;
        switch (value.Text.ToLowerInvariant())
        {
            case "true" or "1" or "yes":
                return true;
            case "false" or "0" or "no":
                return false;
            default:
                Refuse(value, "true, false, 1, 0, yes or no");
                return false;
        }
    }

    public int? Integer(string name, int min, int max)
    {
        if (sources.Find(name) is not { } value)
            return null;
        if (int.TryParse(value.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max)
            return number;
        Refuse(value, $"a whole number from {min} to {max}");
        return null;
    }

    public decimal? Amount(string name)
    {
        if (sources.Find(name) is not { } value)
            return null;
        if (decimal.TryParse(value.Text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number <= PriceFile.MaxPrice)
            return number;
        Refuse(value, $"a number such as 0.15, in USD per million tokens, of at most {PriceFile.MaxPrice:0}");
        return null;
    }

    /// <summary>One of a few words; <paramref name="fallback"/> when unset or wrong.</summary>
    public string Choice(string name, string fallback, params string[] choices)
    {
        if (sources.Find(name) is not { } value)
            return fallback;
        var chosen = Array.Find(choices, choice => choice.Equals(value.Text, StringComparison.OrdinalIgnoreCase));
        if (chosen is null)
            Refuse(value, "one of " + string.Join(", ", choices));
        return chosen ?? fallback;
    }

    /// <summary>A folder as a full path; <c>~</c> stands for the home folder.</summary>
    public string Folder(string name, string fallback)
    {
        if (sources.Find(name) is not { } value)
            return fallback;
        if (sources.FullPath(value.Text) is { } path)
            return path;
        Refuse(value, "an absolute path, or one that begins with ~/");
        return fallback;
    }

    /// <summary>Errors go to journals: whatever is a user, a password or a query in a URL is left out of them.</summary>
    public void Refuse(SettingValue value, string expected) =>
        _errors.Add(Secrets().Replace($"{value.Name} ({value.Origin}): '{value.Text}' is wrong; expected {expected}", static found => found.Value[^1] == '@' ? "...@" : "?..."));

    public void Refuse(string error) => _errors.Add(error);

    public void Warn(string warning) => _warnings.Add(warning);

    /// <returns>Null for a path that depends on the folder a command is run in.</returns>
    public string? FullPath(string text) => sources.FullPath(text);

    [GeneratedRegex("(?<=://)[^\\s,']*@|(?<=://[^\\s,']*)[?#][^\\s,']*", RegexOptions.CultureInvariant)]
    private static partial Regex Secrets();
}
