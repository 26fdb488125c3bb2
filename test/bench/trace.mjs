// Preloaded into a server (node --import): writes down when git ran, when the engine was asked, and which step was reached.
// One JSON line each, `{what, from, to}` in nanoseconds of the machine's clock, to the file named by TWELVE_BENCH_TRACE.
import { subscribe } from 'node:diagnostics_channel';
import { createWriteStream } from 'node:fs';

const file = createWriteStream(process.env.TWELVE_BENCH_TRACE, { flags: 'a' });
const now = () => Number(process.hrtime.bigint());
const write = (what, from, to = now()) => file.write(`${JSON.stringify({ what, from, to })}\n`);
const asked = new WeakMap();

subscribe('http.client.request.start', ({ request }) => asked.set(request, now()));
// Published when the head of the answer is there; the body may be the long part.
subscribe('http.client.response.finish', ({ request, response }) => {
  response.once('close', () => write(`engine ${request.method} ${request.path}`, asked.get(request)));
});
subscribe('child_process', ({ process: child }) => {
  const from = now();
  child.once('exit', () => write(`program ${child.spawnargs.slice(0, 4).join(' ')}`, from));
});
subscribe('twelve:step', (step) => write(`step ${step}`, now()));
