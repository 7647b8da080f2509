using static ConversationHub.EndToEnd.Tests.Wall.Faults;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Replies that break off, are not what they claim, or mean harm.</summary>
public sealed class ReplyWallTests
{
    private static readonly ScenarioTable Rows = new(
        new("half a body", HalfABody, Fine, "local truncated 200?; cloud answered", (1, 1)),
        new("half a body, then a reset", HalfABodyThenReset, Fine, "local truncated 200?; cloud answered", (1, 1)),
        new("half a body at both", HalfABody, HalfABody, "local truncated 200?; cloud truncated 200?", (1, 1)) { Error = "all_targets_failed" },
        new("endless headers", EndlessHeaders, Fine, "local malformed?; cloud answered", (1, 1)),
        new("chunks that are none", BadChunks, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("9 MiB body", HugeBody, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("9 MiB body of unknown length", HugeChunkedBody, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("9 MiB error", HugeError, Fine, "local http_status 500?; cloud answered", (1, 1)),
        new("9 MiB refusal", HugeRefusal, Fine, "local http_status 401", (1, 0)) { Error = "invalid_api_key" },
        new("refusal whose body breaks off", HalfARefusal, Fine, "local http_status 401", (1, 0)) { Error = "invalid_api_key" },
        new("401 whose body hangs", ProblemThatHangs(401, "invalid_api_key"), Fine, "local http_status 401", (1, 0)) { Error = "invalid_api_key" },
        new("410 whose body hangs", ProblemThatHangs(410, "conversation_erased"), Fine, "local http_status 410", (1, 0)) { Error = "conversation_erased" },
        new("422 whose body hangs", ProblemThatHangs(422, "invalid_request"), Fine, "local http_status 422", (1, 0)) { Error = "invalid_request" },
        new("429 whose body hangs", ProblemThatHangs(429, "rate_limited", ("Retry-After", "7")), Fine, "local http_status 429", (1, 0)) { Error = "rate_limited", Says = "in 7 s" },
        new("503 with a wait whose body hangs, at both", ProblemThatHangs(503, "overloaded", ("Retry-After", "60")), ProblemThatHangs(503, "overloaded"), "local http_status 503; cloud http_status 503", (1, 1)) { Error = "all_targets_failed", Says = "in 60 s" },
        new("compression bomb", CompressionBomb, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("compressed without having been asked to", ZippedAnswer, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("invalid UTF-8", InvalidUtf8, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("half a surrogate pair", HalfASurrogate, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("JSON that is cut off", CutJson, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("JSON of 5,000 levels", DeepJson, Fine, "local malformed 200?; cloud answered", (1, 1)),
        new("control characters in the answer", ControlCharactersInTheAnswer, Fine, "local answered", (1, 0)),
        new("control characters in a refusal", ControlCharactersInTheRefusal, Fine, "local http_status 422 invalid_request", (1, 0)) { Error = "invalid_request" },
        new("another service: a web page", WebPage, Fine, "local impostor 200; cloud answered", (1, 1)),
        new("another service: other JSON", AnotherJsonService, Fine, "local impostor 200; cloud answered", (1, 1)),
        new("another service, legacy tool", AnotherJsonService, Fine, "local impostor 200; cloud answered", (1, 1)) { Tool = "maestra_legacy_ask" },
        new("error mode of an earlier backend", ErrorMode, Fine, "local error_mode 200?; cloud answered", (1, 1)),
        new("error mode at both", ErrorMode, ErrorMode, "local error_mode 200?; cloud error_mode 200?", (1, 1)) { Error = "all_targets_failed" },
        new("slow drip", Drips, Fine, "local answered", (1, 0)),
        new("stream cut", StreamIsCut, Fine, "local truncated 200?; cloud answered", (1, 1)) { Warm = true },
        new("stream reset", StreamIsReset, Fine, "local truncated 200?; cloud answered", (1, 1)) { Warm = true },
        new("stream that ends in an error", StreamEndsInAnError, Fine, "local http_status 502 provider_failed; cloud answered", (1, 1)) { Warm = true },
        new("stream that ends in a refusal", StreamEndsInARefusal, Fine, "local http_status 410 conversation_erased", (1, 0)) { Warm = true, Error = "conversation_erased" },
        new("stream of garbage", StreamOfGarbage, Fine, "local malformed 200?; cloud answered", (1, 1)) { Warm = true },
        new("event of more than 8 MiB", EndlessStream, Fine, "local malformed 200?; cloud answered", (1, 1)) { Warm = true });

    public static TheoryData<string> Names => Rows.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public Task Ask_ReplyIsBad_IsToldFromBothSides(string name) => Rows.RunAsync(name);
}
