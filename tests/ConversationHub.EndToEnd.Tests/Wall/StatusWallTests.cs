using static ConversationHub.EndToEnd.Tests.Wall.Faults;

namespace ConversationHub.EndToEnd.Tests.Wall;

/// <summary>Each status of the table of design.md §4, from the local backend and from the cloud.</summary>
public sealed class StatusWallTests
{
    private const string Words = "In the backend's own words";
    private const string Quota = "rate_limited";

    private static readonly ScenarioTable Rows = new(
        new("301 of a redirect to another host", Redirect(301), Fine, "local http_status 301; cloud answered", (1, 1)),
        new("307 of a redirect to another host", Redirect(307), Fine, "local http_status 307; cloud answered", (1, 1)),
        new("308 from the cloud, which takes the key nowhere", Refuses, Redirect(308), "local refused; cloud http_status 308", (0, 1)) { Error = "all_targets_failed" },
        new("400", Problem(400, "invalid_header"), Fine, "local http_status 400 invalid_header", (1, 0)) { Error = "invalid_header", Says = Words },
        new("401", Problem(401, "invalid_api_key"), Fine, "local http_status 401 invalid_api_key", (1, 0)) { Error = "invalid_api_key", Says = "MAESTRA_API_KEY" },
        new("401 from the cloud", Refuses, Problem(401, "invalid_api_key"), "local refused; cloud http_status 401 invalid_api_key", (0, 1)) { Error = "invalid_api_key" },
        new("403", Problem(403, "user_mismatch"), Fine, "local http_status 403 user_mismatch", (1, 0)) { Error = "user_mismatch", Says = Words },
        new("404 of a backend", Problem(404, "conversation_not_found"), Fine, "local http_status 404 conversation_not_found", (1, 0)) { Error = "conversation_not_found" },
        new("404 of another service", Bare(404), Fine, "local impostor 404; cloud answered", (1, 1)),
        new("405 of another service", Bare(405), Fine, "local impostor 405; cloud answered", (1, 1)),
        new("408", Problem(408, "request_timeout"), Fine, "local http_status 408 request_timeout?; cloud answered", (1, 1)),
        new("409", Problem(409, "conversation_full"), Fine, "local http_status 409 conversation_full", (1, 0)) { Error = "conversation_full" },
        new("410", Problem(410, "conversation_erased"), Fine, "local http_status 410 conversation_erased", (1, 0)) { Error = "conversation_erased" },
        new("413", Problem(413, "body_too_large"), Fine, "local http_status 413 body_too_large", (1, 0)) { Error = "body_too_large" },
        new("415", Problem(415, "json_required"), Fine, "local http_status 415 json_required", (1, 0)) { Error = "json_required" },
        new("422", Problem(422, "idempotency_mismatch"), Fine, "local http_status 422 idempotency_mismatch", (1, 0)) { Error = "idempotency_mismatch" },
        new("429 with a wait of 1 s", Problem(429, Quota, ("Retry-After", "1")), Fine, $"local http_status 429 {Quota}", (1, 0)) { Error = Quota, Says = "in 1 s" },
        new("429 with a wait of 1 h", Problem(429, Quota, ("Retry-After", "3600")), Fine, $"local http_status 429 {Quota}", (1, 0)) { Error = Quota, Says = "in 3600 s" },
        new("429 from the cloud", Refuses, Problem(429, Quota, ("Retry-After", "7")), $"local refused; cloud http_status 429 {Quota}", (0, 1)) { Error = Quota, Says = "in 7 s" },
        new("500", Problem(500, "internal_error"), Fine, "local http_status 500 internal_error?; cloud answered", (1, 1)),
        new("500, legacy tool", Problem(500, "store_failed"), Fine, "local http_status 500 store_failed?; cloud answered", (1, 1)) { Tool = "maestra_legacy_ask" },
        new("501, without a word", Bare(501), Fine, "local http_status 501?; cloud answered", (1, 1)),
        new("502", Problem(502, "provider_failed"), Fine, "local http_status 502 provider_failed; cloud answered", (1, 1)),
        new("503", Problem(503, "overloaded"), Fine, "local http_status 503 overloaded; cloud answered", (1, 1)),
        new("503 with a wait of 1 h at both", Problem(503, "overloaded", ("Retry-After", "3600")), Problem(503, "overloaded", ("Retry-After", "3600")), "local http_status 503 overloaded; cloud http_status 503 overloaded", (1, 1)) { Error = "all_targets_failed", Says = "in 3600 s" },
        new("504", Problem(504, "deadline_exceeded"), Fine, "local http_status 504 deadline_exceeded; cloud answered", (1, 1)),
        new("504 of a gateway that gave up waiting", Bare(504), Fine, "local http_status 504?; cloud answered", (1, 1)),
        new("502 of a gateway at both", Bare(502), Bare(502), "local http_status 502?; cloud http_status 502?", (1, 1)) { Error = "all_targets_failed" },
        new("500 at both", Problem(500, "internal_error"), Problem(500, "internal_error"), "local http_status 500 internal_error?; cloud http_status 500 internal_error?", (1, 1)) { Error = "all_targets_failed" },
        new("503 at local, refusal at the cloud", Problem(503, "overloaded"), Problem(410, "conversation_erased"), "local http_status 503 overloaded; cloud http_status 410 conversation_erased", (1, 1)) { Error = "conversation_erased" });

    public static TheoryData<string> Names => Rows.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public Task Ask_AnsweredWithAStatus_IsToldFromBothSides(string name) => Rows.RunAsync(name);
}
