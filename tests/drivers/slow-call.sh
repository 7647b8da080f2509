#!/usr/bin/env bash
# A call that takes longer than the client waits, kept alive by progress.
#
#   tests/drivers/slow-call.sh HUB [CALL_SECONDS [CLIENT_TIMEOUT_SECONDS]]      180 and 60 when left out
#
# The TypeScript SDK v1, inside most clients, gives up after 60 s unless progress comes. Needs tests/drivers/node_modules.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [ $# -lt 1 ] || [ ! -x "$1" ]; then
    sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 2
fi

readonly HUB=$1 CALL_SECONDS=${2:-180} TIMEOUT_SECONDS=${3:-60}
export PATH="$PWD/tests/drivers/node_modules/.bin:$PATH"
port=$(shuf -i 20000-32000 -n 1)
node tests/drivers/slow-backend.mjs "$port" "$CALL_SECONDS" &
backend=$!
trap 'kill "$backend" 2>/dev/null' EXIT
for _ in $(seq 50); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.1
done

started=$SECONDS
output=$(MAESTRA_LOCAL_URL="http://127.0.0.1:$port" MAESTRA_FALLBACK_ENABLED=false \
    node tests/drivers/sdk.mjs v1 "$HUB" maestra_ask '{"message":"take your time"}' "$((TIMEOUT_SECONDS * 1000))") || { echo "$output"; exit 1; }
echo "$output" | tail -n 3 | cut -c1-300
echo "answered after $((SECONDS - started)) s; the client waits $TIMEOUT_SECONDS s; $(grep -c '^progress' <<<"$output") progress messages"
grep -q '"served_by":"local"' <<<"$output" && [ $((SECONDS - started)) -gt "$TIMEOUT_SECONDS" ]
