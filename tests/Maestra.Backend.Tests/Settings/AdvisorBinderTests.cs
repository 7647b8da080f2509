using ConversationHub.Testing;
using Maestra.Backend.Prices;
using Maestra.Backend.Settings;

namespace Maestra.Backend.Tests.Settings;

public sealed class AdvisorBinderTests : IDisposable
{
    private readonly TemporaryFolder _home = new();

    public void Dispose() => _home.Dispose();

    [Theory]
    [InlineData("OPENAI_API_KEY=k", "openai", "https://api.openai.com/v1", "k")]
    [InlineData("MAESTRA_OPENAI_KEY=k", "openai", "https://api.openai.com/v1", "k")]
    [InlineData("OPENAI_API_KEY=k;OPENROUTER_API_KEY=r", "openrouter", "https://openrouter.ai/api/v1", "r")]
    [InlineData("GEMINI_API_KEY=g;ANTHROPIC_API_KEY=a", "anthropic", "https://api.anthropic.com/v1", "a")]
    [InlineData("LLM_PROVIDER=gemini;GEMINI_API_KEY=g;OPENAI_API_KEY=k", "gemini", "https://generativelanguage.googleapis.com/v1beta/openai", "g")]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=http://127.0.0.1:11434/v1", "compatible", "http://127.0.0.1:11434/v1", null)]
    [InlineData("LLM_BASE_URL=http://localhost:1234/v1", "compatible", "http://localhost:1234/v1", null)]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=https://llm.example/v1;OPENAI_API_KEY=k", "compatible", "https://llm.example/v1", null)]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=https://llm.example/v1;LLM_API_KEY=x;OPENAI_API_KEY=k", "compatible", "https://llm.example/v1", "x")]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=http://127.0.0.1:1234/v1;OPENAI_API_KEY=k", "compatible", "http://127.0.0.1:1234/v1", "k")]
    [InlineData("LLM_PROVIDER=openai;OPENAI_API_KEY=k;LLM_BASE_URL=https://proxy.example/v1", "openai", "https://proxy.example/v1", "k")]
    [InlineData("OPENAI_API_KEY=k;LLM_BASE_URL=https://api.openai.com/v2", "openai", "https://api.openai.com/v2", "k")]
    [InlineData("OPENAI_API_KEY=k;LLM_BASE_URL=http://localhost:1234/v1", "openai", "http://localhost:1234/v1", "k")]
    [InlineData("OPENAI_API_KEY=k;LLM_API_KEY=x;LLM_BASE_URL=https://llm.example/v1", "compatible", "https://llm.example/v1", "x")]
    [InlineData("OPENAI_API_KEY=k;LLM_API_KEY=x;LLM_BASE_URL=http://localhost:1234/v1", "compatible", "http://localhost:1234/v1", "x")]
    public void Bind_Provider_IsTheNamedOrTheFirstWithAKey(string environment, string name, string url, string? key)
    {
        var provider = Assert.IsType<AdvisorSettings.Models>(Bind(environment, out var errors)).Providers[0];

        Assert.Empty(errors);
        Assert.Equal((name, new Uri(url), key), (provider.Name, provider.BaseUrl, provider.ApiKey));
    }

    [Theory]
    [InlineData("")]
    [InlineData("LLM_PROVIDER=offline;OPENAI_API_KEY=k")]
    [InlineData("LLM_PROVIDER=offline;LLM_BASE_URL=http://127.0.0.1:1/v1")]
    public void Bind_NoProvider_IsRecall(string environment)
    {
        Assert.IsType<AdvisorSettings.Offline>(Bind(environment, out var errors));
        Assert.Empty(errors);
    }

    [Theory]
    [InlineData("OPENAI_API_KEY=o;ANTHROPIC_API_KEY=a;GEMINI_API_KEY=g", "openai gpt-4o-mini,anthropic claude-haiku-4-5,gemini gemini-2.5-flash")]
    [InlineData("OPENAI_API_KEY=o;ANTHROPIC_API_KEY=a;LLM_PROVIDER=anthropic;LLM_MODEL=claude-opus-4-5", "anthropic claude-opus-4-5,openai gpt-4o-mini")]
    [InlineData("OPENAI_API_KEY=o;ANTHROPIC_API_KEY=a;LLM_FALLBACK=none", "openai gpt-4o-mini")]
    [InlineData("OPENAI_API_KEY=o;ANTHROPIC_API_KEY=a;GEMINI_API_KEY=g;LLM_FALLBACK=gemini, anthropic:claude-opus-4-5", "openai gpt-4o-mini,gemini gemini-2.5-flash,anthropic claude-opus-4-5")]
    [InlineData("OPENAI_API_KEY=o;LLM_FALLBACK=openai", "openai gpt-4o-mini")]
    [InlineData("OPENAI_API_KEY=o;LLM_FALLBACK=compatible:llama3.2:3b;LLM_BASE_URL=http://127.0.0.1:11434/v1", "openai gpt-4o-mini,compatible llama3.2:3b")]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=https://llm.example/v1;LLM_API_KEY=x;OPENAI_API_KEY=o", "compatible default,openai gpt-4o-mini")]
    public void Bind_SeveralProviders_FollowEachOther(string environment, string expected)
    {
        var models = Assert.IsType<AdvisorSettings.Models>(Bind(environment, out var errors));

        Assert.Empty(errors);
        Assert.Equal(expected, string.Join(',', models.Providers.Select(provider => $"{provider.Name} {provider.Model}")));
    }

    /// <summary>Nothing leaves the machine unless its owner allowed it.</summary>
    [Theory]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=http://127.0.0.1:11434/v1;ANTHROPIC_API_KEY=a")]
    [InlineData("OPENAI_API_KEY=o;LLM_BASE_URL=http://localhost:1234/v1;ANTHROPIC_API_KEY=a")]
    public void Bind_ModelOnThisMachine_NothingOutsideFollowsItUnasked(string environment)
    {
        Assert.Single(Assert.IsType<AdvisorSettings.Models>(Bind(environment, out _)).Providers);

        Assert.Equal(2, Assert.IsType<AdvisorSettings.Models>(Bind(environment + ";LLM_FALLBACK=anthropic", out _)).Providers.Count);
    }

    /// <summary>Whoever forgot the key or the address gets recall, and is told which of the settings do nothing then.</summary>
    [Theory]
    [InlineData("LLM_MODEL=llama3.2;LLM_API_KEY=k", "LLM_MODEL,LLM_API_KEY")]
    [InlineData("LLM_FALLBACK=compatible:x", "LLM_FALLBACK")]
    [InlineData("LLM_PRICE_INPUT=1;LLM_PRICE_OUTPUT=2", "LLM_PRICE_INPUT,LLM_PRICE_OUTPUT")]
    [InlineData("LLM_PROVIDER=offline;LLM_MODEL=llama3.2", "")]
    public void Bind_SettingsOfAModelWithoutOne_AreWarnedOf(string environment, string named)
    {
        Assert.IsType<AdvisorSettings.Offline>(Bind(environment, out _, out var warnings));

        Assert.Equal(named, string.Join(',', warnings.Select(static warning => warning.Split(' ')[0])));
    }

    /// <summary>What is OpenAI's goes to OpenAI, or stays on this machine.</summary>
    [Fact]
    public void Bind_OpenAiKeyAndAnotherMakersEndpoint_IsToldThatTheKeyIsNotSent()
    {
        Bind("LLM_PROVIDER=compatible;LLM_BASE_URL=https://llm.example/v1;OPENAI_API_KEY=k", out _, out var warnings);

        Assert.Contains(warnings, static warning => warning.StartsWith("OPENAI_API_KEY is not sent to llm.example", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("OPENAI_API_KEY=o", "openai", "0.15 0.60")]
    [InlineData("OPENAI_API_KEY=o;LLM_MODEL=gpt-4o-mini-2024-07-18", "openai", "0.15 0.60")]
    [InlineData("OPENROUTER_API_KEY=o;LLM_MODEL=anthropic/claude-haiku-4.5", "openrouter", "1.00 5.00")]
    [InlineData("OPENAI_API_KEY=o;LLM_MODEL=gpt-4o-audio-preview", "openai", "unknown")]
    [InlineData("OPENAI_API_KEY=o;LLM_MODEL=gpt-5.1", "openai", "unknown")]
    [InlineData("OPENAI_API_KEY=o;LLM_MODEL=x;LLM_PRICE_INPUT=1;LLM_PRICE_OUTPUT=2", "openai", "1 2")]
    [InlineData("LLM_BASE_URL=http://127.0.0.1:11434/v1;LLM_MODEL=x", "compatible", "0 0")]
    public void Bind_Price_IsKnownOrSaidToBeUnknown(string environment, string name, string expected)
    {
        var provider = Assert.IsType<AdvisorSettings.Models>(Bind(environment, out _, out var warnings)).Providers[0];

        Assert.Equal(name, provider.Name);
        Assert.Equal(expected, provider.Price is { } price ? FormattableString.Invariant($"{price.Input} {price.Output}") : "unknown");
        Assert.Equal(provider.Price is null, warnings.Any(warning => warning.Contains("is not known", StringComparison.Ordinal)));
        Assert.Equal(provider.Price ?? new ModelPrice(15, 75), provider.CountedPrice);
    }

    [Fact]
    public void Bind_PricesFile_OverridesAndAddsAndNamesEveryMistake()
    {
        var file = Path.Combine(_home.Path, "prices.json");
        File.WriteAllText(file, """{"gpt-4o-mini":{"input":7,"output":8},"my-model":{"input":100,"output":200}}""");
        var settings = $"OPENAI_API_KEY=o;LLM_PRICES_FILE={file}";

        var provider = Assert.IsType<AdvisorSettings.Models>(Bind(settings, out var errors)).Providers[0];
        Assert.Empty(errors);
        Assert.Equal(new ModelPrice(7, 8), provider.Price);
        Assert.Equal(new ModelPrice(100, 200), Assert.IsType<AdvisorSettings.Models>(Bind(settings + ";LLM_MODEL=unheard-of", out _)).Providers[0].CountedPrice);

        foreach (var (wrong, named) in new[]
        {
            ("[]", "no JSON object"), ("{", "not JSON"), ("""{"a":{"input":1}}""", "'a'"), ("""{"a":{"input":-1,"output":1}}""", "'a'"),
            ("""{"a":{"input":"1","output":1}}""", "'a'"), ("""{"a":1,"b":{"input":1,"output":1e30}}""", "'b'"),
        })
        {
            File.WriteAllText(file, wrong);
            Bind(settings, out errors);
            Assert.Contains(errors, error => error.Contains(named, StringComparison.Ordinal) && error.Contains(file, StringComparison.Ordinal));
        }
    }

    /// <summary>A gateway on this machine may pass questions on to a model that is paid for: whoever gave its price means it.</summary>
    [Theory]
    [InlineData("my-model", 100)]
    [InlineData("gpt-4o-mini", 0)]
    public void Bind_ModelOnThisMachine_CostsWhatTheOperatorSaysAndElseNothing(string model, int input)
    {
        var file = Path.Combine(_home.Path, "prices.json");
        File.WriteAllText(file, """{"my-model":{"input":100,"output":200}}""");

        var bound = Bind($"LLM_BASE_URL=http://127.0.0.1:11434/v1;LLM_MODEL={model};LLM_PRICES_FILE={file}", out var errors);

        Assert.Empty(errors);
        Assert.Equal(new ModelPrice(input, 2 * input), Assert.IsType<AdvisorSettings.Models>(bound).Providers[0].Price);
    }

    [Fact]
    public void Bind_TestMode_WinsOverEverything() =>
        Assert.IsType<AdvisorSettings.Test>(Bind("TEST_MODE=1;OPENAI_API_KEY=k;LLM_PROVIDER=openai", out _));

    [Theory]
    [InlineData("LLM_PROVIDER=openai", "OPENAI_API_KEY")]
    [InlineData("LLM_PROVIDER=anthropic;OPENAI_API_KEY=k", "ANTHROPIC_API_KEY")]
    [InlineData("LLM_PROVIDER=compatible", "LLM_BASE_URL")]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=ftp://127.0.0.1/v1", "LLM_BASE_URL")]
    [InlineData("LLM_BASE_URL=https://user:pass@llm.example/v1", "LLM_BASE_URL")]
    [InlineData("LLM_BASE_URL=https://llm.example/v1?api-version=1", "LLM_BASE_URL")]
    [InlineData("LLM_BASE_URL=https://llm.example/v1#x", "LLM_BASE_URL")]
    [InlineData("LLM_PRICE_OUTPUT=-1;LLM_PRICE_INPUT=1", "LLM_PRICE_OUTPUT")]
    [InlineData("LLM_PRICE_INPUT=1", "LLM_PRICE_OUTPUT")]
    [InlineData("OPENAI_API_KEY=k;OPENAI_BASE_URL=http://llm.example/v1", "OPENAI_BASE_URL")]
    [InlineData("OPENAI_API_KEY=k;LLM_BASE_URL=https://llm.example/v1", "llm.example would be sent OPENAI_API_KEY")]
    [InlineData("MAESTRA_OPENAI_KEY=k;LLM_BASE_URL=https://llm.example/v1", "llm.example would be sent MAESTRA_OPENAI_KEY")]
    [InlineData("ANTHROPIC_API_KEY=k;LLM_BASE_URL=https://llm.example/v1", "LLM_PROVIDER=anthropic if that is meant")]
    [InlineData("OPENAI_API_KEY=k;LLM_FALLBACK=gemini", "GEMINI_API_KEY")]
    [InlineData("OPENAI_API_KEY=k;LLM_FALLBACK=compatible", "LLM_BASE_URL")]
    [InlineData("OPENAI_API_KEY=k;LLM_FALLBACK=mistral", "'mistral' is none")]
    [InlineData("OPENAI_API_KEY=k;LLM_FALLBACK=gemini:", "'gemini:' is none")]
    [InlineData("OPENAI_API_KEY=k;LLM_PRICES_FILE=/nowhere/prices.json", "LLM_PRICES_FILE")]
    public void Bind_Incomplete_SaysWhatIsMissing(string environment, string expected)
    {
        Bind(environment, out var errors);

        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
    }

    private AdvisorSettings Bind(string environment, out IReadOnlyList<string> errors) => Bind(environment, out errors, out _);

    private AdvisorSettings Bind(string environment, out IReadOnlyList<string> errors, out IReadOnlyList<string> warnings)
    {
        var variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(setting => setting.Split('=', 2))
            .ToDictionary(setting => setting[0], setting => setting[1]);
        variables["HOME"] = _home.Path;
        var reader = new SettingReader(SettingSources.Load(new Dictionary<string, string>(), variables));
        var advisor = AdvisorBinder.Bind(reader);
        errors = reader.Errors;
        warnings = reader.Warnings;
        return advisor;
    }
}
