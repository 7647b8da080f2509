// Drives a stdio MCP server with the TypeScript SDK, as an IDE would.
//
//   node tests/drivers/sdk.mjs v1|v2 SERVER TOOL ARGUMENTS [TIMEOUT_MS]
//
// v1 opens with the handshake of 2025-11-25; v2 negotiates and prefers the stateless 2026-07-28. Prints the names of
// the tools, any progress and the result, each on a line. Ends with 1 when the tool reports an error, with 2 when the
// arguments are wrong. The server gets this process's whole environment (by default the SDK passes a short list only).

const [version, command, tool, toolArguments, timeoutMs = '60000'] = process.argv.slice(2);
if (!['v1', 'v2'].includes(version) || toolArguments === undefined) {
  console.error('usage: sdk.mjs v1|v2 SERVER TOOL ARGUMENTS [TIMEOUT_MS]');
  process.exit(2);
}

const isV1 = version === 'v1';
const packageRoot = isV1 ? '@modelcontextprotocol/sdk/client' : '@modelcontextprotocol/client';
const { Client } = await import(isV1 ? `${packageRoot}/index.js` : packageRoot);
const { StdioClientTransport } = await import(isV1 ? `${packageRoot}/stdio.js` : `${packageRoot}/stdio`);

const client = new Client(
  { name: 'driver', version: '1.0.0' },
  isV1 ? {} : { versionNegotiation: { mode: 'auto' } });
await client.connect(new StdioClientTransport({ command, env: process.env }));

const { tools } = await client.listTools();
console.log(`tools ${tools.map(each => each.name).join(' ')}`);

const call = { name: tool, arguments: JSON.parse(toolArguments) };
const options = {
  timeout: Number(timeoutMs),
  resetTimeoutOnProgress: true,
  onprogress: ({ progress, message }) => console.log(`progress ${progress} ${message ?? ''}`),
};
const result = isV1 ? await client.callTool(call, undefined, options) : await client.callTool(call, options);
console.log(`result ${JSON.stringify(result)}`);

await client.close();
process.exitCode = result.isError ? 1 : 0;
