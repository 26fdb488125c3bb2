// Preloaded into a server under test (node --import): ends the server, its router, its engine or a process at a named step.
// The file named by TWELVE_TEST_STEP holds `<step> <victim> <which>`; it is removed when the step is reached. Victims:
// server; router (its container); process (a container that was there before), newest (the newest of an app, by its name);
// engine or everything (the engine's control group, see kill-engine.mjs).
import { spawnSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync, unlinkSync } from 'node:fs';
import { killEngine } from './kill-engine.mjs';

const file = process.env.TWELVE_TEST_STEP;
const socketPath = (process.env.TWELVE_ENGINE || '/var/run/docker.sock').replace(/^unix:\/\//, '');

// At once and in this very instruction: nothing of the step may happen after it.
const killContainer = `
  const { request } = require('node:http');
  const [, socketPath, victim, which] = process.argv;
  const ask = (method, path, heard) => request({ socketPath, method, path }, heard).end();
  const kill = (id) =>
    ask('POST', '/containers/' + id + '/kill?signal=KILL', ({ statusCode }) => process.exit(statusCode === 204 ? 0 : 1));
  if (victim !== 'newest') return kill(which);
  const filters = { label: ['twelve.kind=process', 'twelve.app-name=' + which], status: ['running'] };
  ask('GET', '/containers/json?filters=' + encodeURIComponent(JSON.stringify(filters)), async (response) => {
    let text = '';
    for await (const part of response) text += part;
    // The engine lists the newest first.
    kill(JSON.parse(text)[0].Id);
  });
`;

const containers = ['router', 'process', 'newest'];

subscribe('twelve:step', (step) => {
  const [wanted, victim, which] = armed();
  if (wanted !== step) return;
  if (victim === 'server') {
    unlinkSync(file);
    process.kill(process.pid, 'SIGKILL');
  }
  if (containers.includes(victim)) {
    const { status } = spawnSync(process.execPath, ['-e', killContainer, socketPath, victim, which], {
      env: {},
    });
    // Nothing was killed, so it was not reached either: the test waits in vain for the file to be gone.
    if (status !== 0) return process.stderr.write(`The ${victim} ${which} was not killed at ${step}.\n`);
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
