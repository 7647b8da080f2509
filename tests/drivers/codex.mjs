// Codex's app-server lists the tools of a configured MCP server and calls one: no model, no account.
//
//   node tests/drivers/codex.mjs NAME TOOL ARGUMENTS

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const [server, tool, toolArguments] = process.argv.slice(2);
if (toolArguments === undefined) {
  console.error('usage: codex.mjs NAME TOOL ARGUMENTS');
  process.exit(2);
}

const codex = spawn('codex', ['app-server'], { stdio: ['pipe', 'pipe', 'ignore'] });
const waiting = new Map();
const send = message => codex.stdin.write(`${JSON.stringify(message)}\n`);
const ask = (method, params) => new Promise(resolve => {
  const id = waiting.size + 1;
  waiting.set(id, resolve);
  send({ id, method, params });
});
createInterface({ input: codex.stdout }).on('line', line => {
  const message = JSON.parse(line);
  if ('result' in message || 'error' in message) waiting.get(message.id)?.(message.result ?? message);
});

await ask('initialize', { clientInfo: { name: 'driver', version: '1' } });
send({ method: 'initialized' });
const { data } = await ask('mcpServerStatus/list', {});
console.log(JSON.stringify(data.map(each => [each.name, Object.keys(each.tools)])));
const { thread } = await ask('thread/start', { cwd: process.cwd() });
console.log(JSON.stringify(await ask('mcpServer/tool/call', { threadId: thread.id, server, tool, arguments: JSON.parse(toolArguments) })));
codex.kill();
