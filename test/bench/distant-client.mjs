// Asks an API one request after another and prints how long each took, in milliseconds, as JSON: as a client on another
// machine would, so that it does not wait for its own turn on a core that this machine's apps have taken.
// On its standard input, as JSON: { url, token, paths, requests, pauseMs }.
import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** As `nice` counts: no program beside it weighs more. */
const weight = -19;

let weighed = true;
try {
  writeFileSync('/proc/self/autogroup', String(weight));
} catch {
  weighed = false;
}
const { url, token, paths, requests, pauseMs } = JSON.parse(await text(process.stdin));
const headers = { Authorization: `Bearer ${token}` };
const times = [];
while (times.length < requests) {
  const start = performance.now();
  const answer = await fetch(`${url}${paths[times.length % paths.length]}`, { headers });
  const said = await answer.text();
  times.push(performance.now() - start);
  if (!answer.ok) throw new Error(`GET ${answer.url} was answered with ${said}`);
  await sleep(pauseMs);
}
process.stdout.write(JSON.stringify({ times, weighed }));
