using ConversationHub.Contracts;
using ConversationHub.Testing.Browser;
using Maestra.Backend.Settings;
using Maestra.Backend.Tests.Fakes;

namespace Maestra.Backend.Tests.Browser;

/// <summary>What a page in a real browser can do to a local backend (issue 6): nothing, unless its origin is listed.</summary>
public sealed class BrowserTests
{
    /// <summary>Each way a page has of sending something, and what it learned. <c>opaque</c>: it was sent and nothing can be read.</summary>
    private const string Script = """
        const url = '{url}', rebound = '{rebound}', body = '{"user_id":"ada","surface_id":"page","message":"from a page"}', report = [];
        const json = { 'Content-Type': 'application/json' }, text = { 'Content-Type': 'text/plain' };
        const attempt = async (name, send) => { try { report.push(name + '=' + await send()); } catch (e) { report.push(name + '=refused'); } };
        const ask = (base, headers, mode) => fetch(base + '{core}', { method: 'POST', headers, body, mode }).then(async r => r.type === 'opaque' ? 'opaque' : r.status + ' ' + (await r.json()).reply);
        await attempt('ask', () => ask(url, json, 'cors'));
        await attempt('ask as text', () => ask(url, text, 'cors'));
        await attempt('ask blindly', () => ask(url, text, 'no-cors'));
        await attempt('ask rebound', () => ask(rebound, json, 'cors'));
        await attempt('read', () => fetch(url + '/conversations').then(async r => r.status + ' ' + (await r.text()).length));
        await attempt('read health', () => fetch(url + '/health').then(r => r.status));
        await attempt('erase', () => fetch(url + '/conversations/main', { method: 'DELETE' }).then(r => r.status));
        await attempt('image', () => new Promise((yes, no) => { const i = new Image(); i.onload = () => yes('loaded'); i.onerror = no; i.src = url + '/health'; }));
        await attempt('script', () => new Promise((yes, no) => { const s = document.createElement('script'); s.onload = () => yes('loaded'); s.onerror = no; s.src = url + '/health'; document.head.append(s); }));
        await attempt('socket', () => new Promise((yes, no) => { const s = new WebSocket(url.replace('http', 'ws') + '/'); s.onopen = () => yes('open'); s.onerror = no; }));
        await attempt('form', () => new Promise(yes => {
            const frame = document.createElement('iframe'); frame.name = 'f'; document.body.append(frame);
            const form = document.createElement('form'); form.action = url + '{core}'; form.method = 'POST'; form.enctype = 'text/plain'; form.target = 'f';
            const field = document.createElement('input'); field.name = '{"user_id":"ada","surface_id":"form","message":"from a form","x":"'; field.value = '"}'; form.append(field); document.body.append(form);
            frame.onload = () => { try { yes('text ' + frame.contentDocument.body.innerText.length); } catch (e) { yes('unreadable'); } };
            form.submit();
        }));
        return report.join('\n');
        """;

    [ChromiumFact]
    public async Task Page_OfAnOriginThatIsNotListed_ReachesNothing_T61()
    {
        await using var page = await WebPage.StartAsync();
        await using var backend = await TestBackend.StartLocalAsync();
        await backend.AskAsync(TestBackend.Question(conversation: "main"));

        var report = await RunAsync(page, backend);

        Assert.Equal(
            ["ask=refused", "ask as text=refused", "ask blindly=opaque", "ask rebound=refused", "read=refused", "read health=refused", "erase=refused", "image=refused",
                "script=refused", "socket=refused", "form=unreadable"],
            report);
        Assert.Equal(1, backend.Store.QuestionsStored);
    }

    [ChromiumFact]
    public async Task Page_OfAListedOrigin_AsksAndReads_ByJsonAlone_T61()
    {
        await using var page = await WebPage.StartAsync();
        await using var backend = await TestBackend.StartLocalAsync((SettingNames.CorsOrigins, page.Origin));
        backend.Advisor.Script = static (_, _) => Task.FromResult(ScriptedAdvisor.Answer("hello, page"));

        var report = await RunAsync(page, backend);

        Assert.Equal("ask=200 hello, page", report[0]);
        Assert.Equal(["ask as text=415 undefined", "ask blindly=opaque", "ask rebound=refused"], report[1..4]);
        Assert.StartsWith("read=200 ", report[4], StringComparison.Ordinal);
        Assert.Equal("form=unreadable", report[^1]);
        Assert.Equal(1, backend.Store.QuestionsStored);
    }

    private static async Task<string[]> RunAsync(WebPage page, TestBackend backend)
    {
        var script = Script.Replace("{url}", backend.Url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)
            .Replace("{rebound}", $"http://rebound.example:{backend.Url.Port}", StringComparison.Ordinal)
            .Replace("{core}", Routes.Core, StringComparison.Ordinal);
        await using var browser = ChromiumProcess.Open(page.Show(script), "--host-resolver-rules=MAP rebound.example 127.0.0.1");
        try
        {
            return (await page.ReportAsync()).Split('\n');
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The page reported nothing:\n{browser.ErrorText}");
        }
    }
}
