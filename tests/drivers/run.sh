#!/usr/bin/env bash
# Real MCP clients against a published hub: each must find its tools, and those that can without a model call one.
#
#   tests/drivers/run.sh HUB      with MAESTRA_LOCAL_URL naming a running backend
#
# Needs tests/drivers/node_modules (npm install --prefix tests/drivers). A client that is not there fails where CI or
# MAESTRA_TESTS_FORBID_SKIP is set, and is skipped with a word elsewhere. Logs are under artifacts/clients.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ $# -ne 1 ] || [ ! -x "$1" ] || [ -z "${MAESTRA_LOCAL_URL:-}" ]; then
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
fi

readonly HUB=$1
readonly LOGS="$PWD/artifacts/clients"
readonly CLIENT_LIMIT=120s
readonly QUESTION='{"message":"Which client is this?"}'

rm -rf "$LOGS"
mkdir -p "$LOGS/home"
# Clients write settings: never into a real home.
export HOME="$LOGS/home" PATH="$PWD/tests/drivers/node_modules/.bin:$PATH"
export MAESTRA_FALLBACK_ENABLED=false
failed=0
mock=""
trap '[ -z "$mock" ] || kill "$mock" 2>/dev/null' EXIT

# client NAME PROGRAM EXPECTED COMMAND...: the command's output holds the text.
client() {
    local name=$1 program=$2 expected=$3 log started=$SECONDS
    shift 3
    log="$LOGS/${name//[^A-Za-z0-9]/-}.log"
    if ! command -v "$program" >/dev/null; then
        if [ -n "${CI:-}${MAESTRA_TESTS_FORBID_SKIP:-}" ]; then
            echo "FAILED  $name: $program is not installed"
            failed=1
        else
            echo "SKIPPED $name: $program is not installed; npm install --prefix tests/drivers"
        fi
        return
    fi
    if timeout "$CLIENT_LIMIT" "$@" >"$log" 2>&1 </dev/null && grep -q "$expected" "$log"; then
        echo "ok      $name ($((SECONDS - started)) s)"
    else
        echo "FAILED  $name ($((SECONDS - started)) s): no \"$expected\" in $log, which ends:"
        tail -n 20 "$log" | cut -c1-600 | sed 's/^/        /'
        failed=1
    fi
}

gemini_lists() {
    gemini mcp add -s user -e "MAESTRA_LOCAL_URL=$MAESTRA_LOCAL_URL" hub "$HUB" && GEMINI_CLI_TRUST_WORKSPACE=true gemini mcp list
}

opencode_lists() {
    mkdir -p "$HOME/.config/opencode"
    printf '{"mcp":{"hub":{"type":"local","command":["%s"],"enabled":true,"environment":{"MAESTRA_LOCAL_URL":"%s"}}}}' \
        "$HUB" "$MAESTRA_LOCAL_URL" >"$HOME/.config/opencode/opencode.json"
    opencode mcp list
}

# Codex passes only a short list of variables to servers.
codex_calls() {
    codex mcp add --env "MAESTRA_LOCAL_URL=$MAESTRA_LOCAL_URL" hub -- "$HUB" && node tests/drivers/codex.mjs hub maestra_ask "$QUESTION"
}

claude_lists() {
    claude mcp add -s user hub -e "MAESTRA_LOCAL_URL=$MAESTRA_LOCAL_URL" -- "$HUB" && claude mcp list
}

# What the model is shown of a result: Claude Code gives it the structured form alone, so the answer must be in there.
claude_calls() {
    local port
    port=$(shuf -i 20000-32000 -n 1)
    node tests/drivers/model-mock.mjs "$port" mcp__hub__maestra_ask "$QUESTION" >"$LOGS/shown-to-the-model.log" &
    mock=$!
    for _ in $(seq 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
        sleep 0.1
    done
    ANTHROPIC_BASE_URL="http://127.0.0.1:$port" ANTHROPIC_API_KEY=mock ENABLE_TOOL_SEARCH=false \
        timeout "$CLIENT_LIMIT" claude -p ask --allowedTools mcp__hub__maestra_ask
    kill "$mock"
    mock=""
    cat "$LOGS/shown-to-the-model.log"
}

export -f gemini_lists opencode_lists codex_calls claude_lists
export HUB QUESTION
client "mcporter lists" mcporter maestra_legacy_ask mcporter list --stdio "$HUB" --name hub --schema
client "mcporter calls" mcporter served_by mcporter call --stdio "$HUB" maestra_ask message=hello --output json
client "Gemini CLI lists" gemini Connected bash -c gemini_lists
client "opencode lists" opencode connected bash -c opencode_lists
client "Codex lists and calls" codex served_by bash -c codex_calls
client "Claude Code lists" claude Connected bash -c claude_lists
export -f claude_calls
export LOGS CLIENT_LIMIT
client "Claude Code calls, and its model is shown the answer" claude 'tool_result.*served_by' bash -c claude_calls
exit $failed
