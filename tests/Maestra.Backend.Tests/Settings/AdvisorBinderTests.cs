using ConversationHub.Testing;
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
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=https://llm.example/v1;OPENAI_API_KEY=k", "compatible", "https://llm.example/v1", "k")]
    [InlineData("OPENAI_API_KEY=k;LLM_BASE_URL=https://proxy.example/v1", "openai", "https://proxy.example/v1", "k")]
    public void Bind_Provider_IsTheNamedOrTheFirstWithAKey(string environment, string name, string url, string? key)
    {
        var provider = Assert.IsType<AdvisorSettings.Provider>(Bind(environment, out var errors));

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

    [Fact]
    public void Bind_TestMode_WinsOverEverything() =>
        Assert.IsType<AdvisorSettings.Test>(Bind("TEST_MODE=1;OPENAI_API_KEY=k;LLM_PROVIDER=openai", out _));

    [Theory]
    [InlineData("LLM_PROVIDER=openai", "OPENAI_API_KEY")]
    [InlineData("LLM_PROVIDER=anthropic;OPENAI_API_KEY=k", "ANTHROPIC_API_KEY")]
    [InlineData("LLM_PROVIDER=compatible", "LLM_BASE_URL")]
    [InlineData("LLM_PROVIDER=compatible;LLM_BASE_URL=ftp://127.0.0.1/v1", "LLM_BASE_URL")]
    [InlineData("LLM_BASE_URL=https://user:pass@llm.example/v1", "LLM_BASE_URL")]
    [InlineData("LLM_PRICE_OUTPUT=-1;LLM_PRICE_INPUT=1", "LLM_PRICE_OUTPUT")]
    public void Bind_Incomplete_SaysWhatIsMissing(string environment, string expected)
    {
        Bind(environment, out var errors);

        Assert.Contains(errors, error => error.Contains(expected, StringComparison.Ordinal));
    }

    private AdvisorSettings Bind(string environment, out IReadOnlyList<string> errors)
    {
        var variables = environment.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(setting => setting.Split('=', 2))
            .ToDictionary(setting => setting[0], setting => setting[1]);
        variables["HOME"] = _home.Path;
        var reader = new SettingReader(SettingSources.Load(new Dictionary<string, string>(), variables));
        var advisor = AdvisorBinder.Bind(reader);
        errors = reader.Errors;
        return advisor;
    }
}
