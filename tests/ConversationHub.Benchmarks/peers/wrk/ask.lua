-- One question after another over a thousand conversations; no operation id is sent, so that each is a new one.
-- With an argument each connection rests before its next question, so many milliseconds on average.
function init(args)
  local rest = tonumber(args[1] or 0)
  if rest > 0 then
    function delay() return math.random(0, 2 * rest) end
  end
end
local count = 0
local headers = { ["Content-Type"] = "application/json" }
request = function()
  count = count + 1
  local body = string.format('{"user_id":"ada","surface_id":"bench","conversation_id":"bench_%d","message":"What changed in the parser, question %d?"}', count % 1000, count)
  return wrk.format("POST", "/api/maestra/core", headers, body)
end
local failed = 0
response = function(status)
  if status ~= 200 then failed = failed + 1 end
end
done = function(summary, latency)
  io.write(string.format("RESULT %.1f %.3f %.3f %d\n", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
