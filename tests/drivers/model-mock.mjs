// A model on loopback, for Claude Code without a key: it asks for one tool call, then prints what it is shown of the result.
//
//   node tests/drivers/model-mock.mjs PORT TOOL ARGUMENTS

import http from 'node:http';

const [port, name, input] = process.argv.slice(2);
if (input === undefined) {
  console.error('usage: model-mock.mjs PORT TOOL ARGUMENTS');
  process.exit(2);
}

const usage = { input_tokens: 1, output_tokens: 1 };

http.createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  if (request.method !== 'POST') return response.writeHead(404).end();

  const asked = JSON.parse(body), last = JSON.stringify(asked.messages?.at(-1) ?? ''), isShown = last.includes('"tool_result"');
  if (isShown) console.log(last);
  const calls = !isShown && asked.tools?.some(tool => tool.name === name);
  const block = calls ? { type: 'tool_use', id: 'toolu_1', name, input: JSON.parse(input) } : { type: 'text', text: 'done' };
  const delta = { stop_reason: calls ? 'tool_use' : 'end_turn' };
  const message = { id: 'm', type: 'message', role: 'assistant', model: 'mock', usage, content: [] };
  if (!asked.stream)
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ ...message, content: [block], ...delta }));

  response.setHeader('content-type', 'text/event-stream');
  const event = (type, data) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  event('message_start', { message });
  event('content_block_start', { index: 0, content_block: calls ? { ...block, input: {} } : { ...block, text: '' } });
  event('content_block_delta', { index: 0, delta: calls ? { type: 'input_json_delta', partial_json: input } : { type: 'text_delta', text: 'done' } });
  event('content_block_stop', { index: 0 });
  event('message_delta', { delta, usage });
  event('message_stop', {});
  response.end();
}).listen(Number(port), '127.0.0.1');
