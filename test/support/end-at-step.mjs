// Preloaded into a server under test (node --import): ends the server, its router or its engine at a named step.
// The file named by TWELVE_TEST_STEP holds `<step> <victim> <which>`; it is removed when the step is reached. Victims:
// server; router (its container); engine or everything (the engine's control group, see kill-engine.mjs).
import { spawnSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, unlinkSync } from 'node:fs';
import { killEngine } from './kill-engine.mjs';

const file = process.env.TWELVE_TEST_STEP;
const socketPath = (process.env.TWELVE_ENGINE || '/var/run/docker.sock').replace(/^unix:\/\//, '');

// At once and in this very instruction: nothing of the step may happen after it.
const killContainer = `
  const { request } = require('node:http');
  const call = request({ socketPath: process.argv[1], method: 'POST', path: '/containers/' + process.argv[2] + '/kill?signal=KILL' });
  call.on('response', ({ statusCode }) => process.exit(statusCode === 204 ? 0 : 1)).end();
`;

subscribe('twelve:step', (step) => {
  const [wanted, victim, which] = armed();
  if (wanted !== step) return;
  if (victim === 'server') {
    unlinkSync(file);
    process.kill(process.pid, 'SIGKILL');
  }
  if (victim === 'router') {
    const { status } = spawnSync(process.execPath, ['-e', killContainer, socketPath, which], { env: {} });
    // Nothing was killed, so it was not reached either: the test waits in vain for the file to be gone.
    if (status !== 0) return process.stderr.write(`The router ${which} was not killed at ${step}.\n`);
  } else killEngine(which, victim);
  unlinkSync(file);
});

function armed() {
  try {
    return readFileSync(file, 'utf8').trim().split(' ');
  } catch {
    return [];
  }
}
