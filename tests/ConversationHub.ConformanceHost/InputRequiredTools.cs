using System.Security.Cryptography;
using System.Text;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace ConversationHub.ConformanceHost;

/// <summary>Tools that answer with questions of their own until they are told enough (SEP-2322).</summary>
internal static class InputRequiredTools
{
    private const string State = "state-1";
    private static readonly byte[] Key = "conformance"u8.ToArray();

    internal static IEnumerable<FixtureTool> All { get; } =
    [
        Asks("test_input_required_result_elicitation", "user_name", Fixtures.Elicit("What is your name?", "name"), "Hello!"),
        Asks("test_input_required_result_sampling", "capital_question", Fixtures.Sample("What is the capital of France?"), "Sampled."),
        Asks("test_input_required_result_list_roots", "client_roots", Fixtures.Roots(), "Roots were told."),
        Asks("test_incomplete_result_elicitation", "user_name", Fixtures.Elicit("What is your name?", "name"), "Hello!"),
        new("test_input_required_result_request_state", static (request, _) => request.Params!.RequestState is { } state
            ? FixtureTools.Fixture(state == State ? "state-ok" : "state-mismatch")
            : throw Ask(State, ("confirm", Confirm))),
        new("test_input_required_result_multiple_inputs", static (request, _) => request.Params!.InputResponses is { Count: >= 3 }
            ? FixtureTools.Fixture("multiple-inputs-ok")
            : throw Ask(
                State,
                ("user_name", Fixtures.Elicit("What is your name?", "name")),
                ("greeting", Fixtures.Sample("Generate a greeting")),
                ("client_roots", Fixtures.Roots()))),
        new("test_input_required_result_multi_round", static (request, _) => request.Params!.RequestState switch
        {
            null => throw Ask("round-1", ("step1", Fixtures.Elicit("Step 1: your name?", "name"))),
            "round-1" => throw Ask("round-2", ("step2", Fixtures.Elicit("Step 2: your colour?", "color"))),
            _ => FixtureTools.Fixture("multi-round-ok"),
        }),
        new("test_input_required_result_tampered_state", static (request, _) => request.Params!.RequestState switch
        {
            null => throw Ask(Sign("tampered"), ("confirm", Confirm)),
            var state when IsSigned(state) => FixtureTools.Fixture("tampered-state-ok"),
            _ => throw new McpProtocolException("The request state was changed.", McpErrorCode.InvalidParams),
        }),
        new("test_input_required_result_capabilities", static (request, _) => AskWhatTheClientCan(request)),
    ];

    private static InputRequest Confirm => Fixtures.Elicit("Please confirm", "ok", new ElicitRequestParams.BooleanSchema());

    private static FixtureTool Asks(string name, string key, InputRequest question, string answer) => new(
        name,
        (request, _) => request.Params!.InputResponses is { } responses && responses.TryGetValue(key, out var response) && response.RawValue.ValueKind == System.Text.Json.JsonValueKind.Object
            ? FixtureTools.Fixture(answer)
            : throw Ask(null, (key, question)));

    private static Task<CallToolResult> AskWhatTheClientCan(RequestContext<CallToolRequestParams> request)
    {
        var can = request.JsonRpcRequest.Context?.ClientCapabilities;
        List<(string, InputRequest)> questions = [];
        if (can?.Sampling is not null)
            questions.Add(("capital_question", Fixtures.Sample("What is the capital of France?")));
        if (can?.Elicitation is not null)
            questions.Add(("user_name", Fixtures.Elicit("What is your name?", "name")));
        if (can?.Roots is not null)
            questions.Add(("client_roots", Fixtures.Roots()));
        return request.Params!.InputResponses is { Count: > 0 } || questions.Count == 0
            ? FixtureTools.Fixture("capability-check-ok")
            : throw Ask(null, [.. questions]);
    }

    private static InputRequiredException Ask(string? state, params (string Key, InputRequest Question)[] questions) =>
        new(questions.ToDictionary(each => each.Key, each => each.Question), state);

    private static string Sign(string text) => $"{text}.{Convert.ToHexString(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(text)))}";

    private static bool IsSigned(string state) => state == Sign(state.Split('.')[0]);
}
