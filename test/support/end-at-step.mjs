// Preloaded into a server under test (node --import): ends the server or its router at a named step.
// The file named by TWELVE_TEST_STEP holds `<step> <server|router> <router's container>`; it is removed when the step is reached.
import { spawnSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, unlinkSync } from 'node:fs';

const file = process.env.TWELVE_TEST_STEP;
const socketPath = (process.env.TWELVE_ENGINE || '/var/run/docker.sock').replace(/^unix:\/\//, '');

// At once and in this very instruction: nothing of the step may happen after it.
const killContainer = `
  const { request } = require('node:http');
  const call = request({ socketPath: process.argv[1], method: 'POST', path: '/containers/' + process.argv[2] + '/kill?signal=KILL' });
  call.end();
`;

subscribe('twelve:step', (step) => {
  const [wanted, victim, container] = armed();
  if (wanted !== step) return;
  unlinkSync(file);
  if (victim === 'server') process.kill(process.pid, 'SIGKILL');
  else spawnSync(process.execPath, ['-e', killContainer, socketPath, container], { env: {} });
});

function armed() {
  try {
    return readFileSync(file, 'utf8').trim().split(' ');
  } catch {
    return [];
  }
}
