// Streamable HTTP in front of a stdio MCP server, changing no message: what the suite sees is what the server wrote.
//
//   node tests/drivers/plain-bridge.mjs PORT SERVER
//
// One server process for each session of the older era, and one for each request of the stateless one at a time, started ahead;
// one that has answered serves the next. For tests on loopback only. mcp-proxy, which speaks MCP on both sides itself, is the other bridge; they bend different scenarios.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { createInterface } from 'node:readline';

const [port, server] = process.argv.slice(2);
if (server === undefined) {
  console.error('usage: plain-bridge.mjs PORT SERVER');
  process.exit(2);
}

const STATELESS = '2026-07-28';
const SPARES = 2;
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const local = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;
const sessions = new Map();

class Pipe {
  constructor() {
    this.child = spawn(server, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdin.on('error', () => {});
    this.listeners = new Set();
    createInterface({ input: this.child.stdout }).on('line', line => {
      const message = JSON.parse(line);
      for (const listener of [...this.listeners]) listener(message);
    });
  }

  send(message) { this.child.stdin.write(`${JSON.stringify(message)}\n`); }

  close() { this.child.stdin.end(); }
}

// Started ahead: the suite waits 600 ms for some answers, which on a busy machine the start of a process takes alone.
const spares = [];
const answered = [];
const refill = () => { while (spares.length < SPARES) spares.push(new Pipe()); };
function take(pipes) {
  for (let pipe; (pipe = pipes.shift()) !== undefined;) if (pipe.child.exitCode === null && pipe.child.signalCode === null) return pipe;
  return undefined;
}

const isRequest = message => message.method !== undefined && message.id !== undefined;
const refuse = (response, status, code, message, id = null) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }));

// Everything the server says from now until its answer to this request, as events.
function stream(pipe, request, response, headers, done) {
  let opened = false;
  const write = message => {
    const isAnswer = message.id === request.id && message.method === undefined;
    if (!opened && isAnswer) {
      response.writeHead(statusOf(message, headers), { 'content-type': 'application/json', ...headers }).end(JSON.stringify(message));
    } else {
      if (!opened) response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
      opened = true;
      response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
      if (isAnswer) response.end();
    }
    if (isAnswer) finish(true);
  };
  const gone = () => finish(false);
  const finish = isAnswered => { pipe.listeners.delete(write); response.off('close', gone); done(isAnswered); refill(); };
  pipe.listeners.add(write);
  response.on('close', gone);
  pipe.send(request);
}

const statusOf = (message, headers) => {
  if (message.error === undefined || headers['mcp-session-id']) return 200;
  return message.error.code === -32601 ? 404 : [-32020, -32021, -32022, -32600, -32602].includes(message.error.code) ? 400 : 200;
};

// The rules of HTTP that a server on standard input cannot know: what headers repeat must agree with the body.
function mismatch(headers, message) {
  const said = message.params?._meta?.['io.modelcontextprotocol/protocolVersion'];
  const named = message.params?.name ?? message.params?.uri;
  if (said !== undefined && headers['mcp-protocol-version'] !== said) return 'MCP-Protocol-Version';
  if (headers['mcp-protocol-version'] !== STATELESS) return undefined;
  if (headers['mcp-method'] !== message.method) return 'Mcp-Method';
  return named !== undefined && headers['mcp-name'] !== undefined && headers['mcp-name'] !== named ? 'Mcp-Name' : undefined;
}

async function post(request, response, body) {
  const message = JSON.parse(body), id = request.headers['mcp-session-id'];
  const wrong = isRequest(message) ? mismatch(request.headers, message) : undefined;
  if (wrong !== undefined) return refuse(response, 400, -32020, `The header ${wrong} does not say what the body says.`, message.id);
  if (message.method === 'initialize' && request.headers['mcp-protocol-version'] === STATELESS)
    return refuse(response, 404, -32601, 'There is no handshake in this version.', message.id);
  if (id !== undefined) {
    const pipe = sessions.get(id);
    if (pipe === undefined) return refuse(response, 404, -32001, 'There is no such session.');
    if (isRequest(message)) return stream(pipe, message, response, { 'mcp-session-id': id }, () => {});
    pipe.send(message);
    return response.writeHead(202).end();
  }

  const isStateless = isRequest(message) && message.method !== 'initialize';
  const pipe = (isStateless ? take(answered) : undefined) ?? take(spares) ?? new Pipe();
  if (message.method === 'initialize') {
    const session = randomUUID();
    sessions.set(session, pipe);
    pipe.child.on('exit', () => sessions.delete(session));
    return stream(pipe, message, response, { 'mcp-session-id': session }, () => {});
  }

  if (isStateless) return stream(pipe, message, response, {}, isAnswered => { if (isAnswered) answered.push(pipe); else pipe.close(); });
  pipe.send(message);
  pipe.close();
  response.writeHead(202).end();
}

http.createServer((request, response) => {
  const origin = request.headers.origin;
  if (!local.test(request.headers.host ?? '') || (origin !== undefined && !local.test(origin.replace(/^https?:\/\//, ''))))
    return refuse(response, 403, -32600, 'Host or Origin is not this machine.');
  const id = request.headers['mcp-session-id'];
  if (request.method === 'DELETE') {
    sessions.get(id)?.close();
    return response.writeHead(sessions.delete(id) ? 200 : 404).end();
  }

  if (request.method === 'GET') {
    const pipe = sessions.get(id);
    if (pipe === undefined) return response.writeHead(405).end();
    response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': id });
    return response.write(': open\n\n');
  }

  let body = '';
  request.on('data', piece => {
    body += piece;
    if (body.length > MAX_BODY_BYTES) request.destroy();
  });
  request.on('end', () => post(request, response, body).catch(fault => refuse(response, 400, -32700, String(fault))));
}).listen(Number(port), '127.0.0.1', refill);

process.on('SIGTERM', () => { for (const pipe of [...sessions.values(), ...spares, ...answered]) pipe.close(); process.exit(0); });
console.error(`${server} on http://127.0.0.1:${port}/mcp, ${STATELESS} and older`);
