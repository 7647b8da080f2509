// The same tool on the TypeScript SDK: one POST to BACKEND_URL, the reply as structured content. The yardstick of the benchmarks.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';
import { randomUUID } from 'node:crypto';

const server = new McpServer({ name: 'peer', version: '1.0.0' });
server.registerTool(
  'maestra_ask',
  { inputSchema: { message: z.string() }, outputSchema: { answer: z.string() } },
  async ({ message }) => {
    const response = await fetch(`${process.env.BACKEND_URL}/api/maestra/core`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify({ user_id: 'anonymous', surface_id: 'benchmark', message }),
    });
    const { reply } = await response.json();
    return { content: [{ type: 'text', text: reply }], structuredContent: { answer: reply } };
  },
);
await server.connect(new StdioServerTransport());
