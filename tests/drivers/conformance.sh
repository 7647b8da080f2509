#!/usr/bin/env bash
# The official conformance suite for both requirement sets. It tests by URL only, so a bridge stands before the program:
# mcp-proxy, which speaks MCP itself and so answers for a part of it, or plain-bridge.mjs, which changes no message. With http no bridge: the program serves HTTP itself.
#
#   tests/drivers/conformance.sh program HUB [plain|mcp-proxy|http]      the shipped program: every scenario without fixtures
#   tests/drivers/conformance.sh fixtures HOST [plain|mcp-proxy|http]    the fixture host: every scored scenario
#
# Needs tests/drivers/node_modules (npm install --prefix tests/drivers). What each scenario saw is under artifacts/conformance.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ $# -lt 2 ] || [ ! -x "$2" ]; then
    sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
fi

readonly MODE=$1 SERVER=$2 BRIDGE=${3:-plain}
readonly OUT="$PWD/artifacts/conformance/$MODE-$BRIDGE"
readonly REVISIONS="2025-11-25 2026-07-28"
readonly SCENARIO_LIMIT=120s SET_LIMIT=400s

# Scenarios that ask for nothing but what the protocol defines, or for what the hub has of its own.
readonly NO_FIXTURE_2025_11_25="server-initialize logging-set-level ping tools-list server-sse-multiple-streams resources-list prompts-list"
readonly NO_FIXTURE_2026_07_28="tools-list server-sse-multiple-streams resources-list sep-2164-resource-not-found prompts-list caching \
input-required-result-unsupported-methods input-required-result-validate-input"

export PATH="$PWD/tests/drivers/node_modules/.bin:$PATH"
bridge=""
trap '[ -z "$bridge" ] || kill "$bridge" 2>/dev/null' EXIT

start_bridge() {
    local port
    rm -rf "$OUT"
    mkdir -p "$OUT"
    for port in $(shuf -i 20000-32000 -n 20); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    url="http://127.0.0.1:$port/mcp"
    if [ "$BRIDGE" = plain ]; then
        node tests/drivers/plain-bridge.mjs "$port" "$SERVER" >"$OUT/bridge.log" 2>&1 </dev/null &
    elif [ "$BRIDGE" = http ] && [ "$MODE" = program ]; then
        MCP_SERVER_TOKEN=none "$SERVER" serve --transport http --port "$port" >"$OUT/bridge.log" 2>&1 </dev/null &
    elif [ "$BRIDGE" = http ]; then
        "$SERVER" --http "$port" >"$OUT/bridge.log" 2>&1 </dev/null &
    else
        # Its own default is to listen on all interfaces.
        mcp-proxy --host 127.0.0.1 --port "$port" -- "$SERVER" >"$OUT/bridge.log" 2>&1 </dev/null &
    fi
    bridge=$!
    for _ in $(seq 300); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return 0
        kill -0 "$bridge" 2>/dev/null || break
        sleep 0.1
    done
    echo "the bridge did not start:"
    cat "$OUT/bridge.log"
    return 1
}

suite() { # LIMIT LOG ARGUMENTS...
    local limit=$1 log="$OUT/$2.log"
    shift 2
    timeout "$limit" conformance server --url "$url" -o "$OUT" "$@" >"$log" 2>&1 </dev/null
}

run_program() {
    local revision scenario list failed=0
    for revision in $REVISIONS; do
        list="NO_FIXTURE_${revision//-/_}"
        for scenario in ${!list}; do
            if suite "$SCENARIO_LIMIT" "$revision-$scenario" --scenario "$scenario" --spec-version "$revision" --expected-failures "$PWD/tests/drivers/expected-failures.yml"; then
                echo "ok      $revision $scenario"
            else
                echo "FAILED  $revision $scenario"
                tail -n 30 "$OUT/$revision-$scenario.log"
                failed=1
            fi
        done
    done
    return $failed
}

run_fixtures() {
    local revision failed=0
    for revision in $REVISIONS; do
        suite "$SET_LIMIT" "$revision" --requirements "$revision" --expected-failures "$PWD/tests/drivers/expected-failures.yml" || failed=1
        sed -n '/=== SUMMARY/,$p' "$OUT/$revision.log"
    done
    return $failed
}

start_bridge || exit 1
case $MODE in
    program) run_program ;;
    fixtures) run_fixtures ;;
    *) echo "program or fixtures, not $MODE"; exit 2 ;;
esac
