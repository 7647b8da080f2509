// A backend that is well and takes its time: PORT SECONDS. Health is answered at once, a question after so many seconds.

import http from 'node:http';

const [port, seconds] = process.argv.slice(2);
if (seconds === undefined) {
  console.error('usage: slow-backend.mjs PORT SECONDS');
  process.exit(2);
}

const json = (response, body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));

http.createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  if (request.url === '/health')
    return json(response, { status: 'healthy', service: 'maestra-backend', version: '2.0.0', brain_id: 'maestra', dependencies: {}, capabilities: ['idempotency'] });

  const { conversation_id } = JSON.parse(body);
  setTimeout(
    () => json(response, { reply: 'It took a while.', conversation_id, mode: 'advisor', source: 'local', artifacts: [], actions: [], meta: {} }),
    Number(seconds) * 1000);
}).listen(Number(port), '127.0.0.1');
