// Takes jobs in over HTTP and answers at once; the worker does them.
import { createServer } from 'node:http';
import { push } from './queue.js';

const port = Number(process.env.PORT ?? 3000);

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') {
    response.end(`queue-node ${process.env.TWELVE_RELEASE_VERSION ?? 'unreleased'}: POST a job\n`);
    return;
  }
  try {
    let text = '';
    for await (const part of request) text += part;
    await push({ text: text.trim() });
    response.writeHead(202).end('queued\n');
  } catch (error) {
    console.error(`job refused: ${error.message}`);
    response.writeHead(503).end('the queue is not there\n');
  }
});

server.listen(port, '0.0.0.0', () => console.log(`listening on ${port}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
