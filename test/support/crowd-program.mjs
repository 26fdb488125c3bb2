// Visitors of one host name on this machine, four at a time, until a file is gone: crowd-program.mjs HOST FILE. Prints how many
// came, what those who were not served got, and for how long somebody was not.
import { existsSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [host, file] = process.argv.slice(2);
let asked = 0;
const failed = [];

function visit(agent) {
  return new Promise((resolve) => {
    const options = { host: '127.0.0.1', port: 80, path: '/', headers: { host }, agent, timeout: 20_000 };
    const call = get(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('error', (error) => resolve(error.message));
      response.on('end', () => {
        const served = response.statusCode === 200 && text.includes('from web.');
        resolve(served ? null : `${response.statusCode} ${text.slice(0, 80)}`);
      });
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 20 s')));
    call.on('error', (error) => resolve(error.message));
  });
}

// Two of them keep their connection.
async function visitor(number) {
  const agent = number % 2 === 0 ? new Agent({ keepAlive: true, maxSockets: 1 }) : new Agent();
  while (existsSync(file)) {
    const at = Date.now();
    const why = await visit(agent);
    asked += 1;
    if (why !== null) failed.push({ from: at, to: Date.now(), why });
    await sleep(50);
  }
  agent.destroy();
}

await Promise.all([0, 1, 2, 3].map(visitor));
const [from, to] = [Math.min(...failed.map((one) => one.from)), Math.max(...failed.map((one) => one.to))];
const ms = failed.length > 0 ? to - from : 0;
console.log(
  JSON.stringify({ asked, failed: failed.length, ms, reasons: failed.slice(0, 5).map(({ why }) => why) }),
);
