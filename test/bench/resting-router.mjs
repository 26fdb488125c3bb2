// Prints how many bytes of memory a Node program holds more once it has a log router that does nothing.
// Arguments: the compiled logs.js, and a folder for the router.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const held = () =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))[1]) * 1024;

const [, , module, folder] = process.argv;
const before = held();
const { createLogs } = await import(pathToFileURL(module).href);
const logs = await createLogs({
  folder,
  budgetBytes: 50 << 20,
  onProblem: (problem) => {
    throw new Error(problem);
  },
});
await sleep(2000);
process.stdout.write(String(held() - before));
await logs.close();
