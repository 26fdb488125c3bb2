// kill -9 of a second engine (second-engine.ts): by the test, or by the server under test in the middle of a step.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `engine`: dockerd and the containerd that it started, as `kill -9` of a service does; what runs in containers lives on until
 * an engine starts again. `everything`: containers and their shims too, as the end of the machine, or of its control group, does.
 * Returns when they are gone.
 * @param {string} group control group of the engine
 * @param {'engine' | 'everything'} what
 */
export function killEngine(group, what) {
  const isVictim = ({ name }) => what === 'everything' || name === 'dockerd' || name === 'containerd';
  for (;;) {
    const victims = processesIn(group).filter(isVictim);
    if (victims.length === 0) return;
    // Who would start others first.
    for (const { pid } of victims.sort((a, b) => rank(a.name) - rank(b.name))) kill(pid);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

function rank(name) {
  return name === 'dockerd' ? 0 : name === 'containerd' ? 1 : 2;
}

/** Those that have ended and that nobody has asked about yet do not count. */
function processesIn(folder) {
  let entries = [];
  let own = '';
  try {
    entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    own = readFileSync(join(folder, 'cgroup.procs'), 'utf8');
  } catch {
    // The group of a container that has just gone.
  }
  const processes = own.split('\n').filter(Boolean).flatMap(processOf);
  return [...processes, ...entries.flatMap(({ name }) => processesIn(join(folder, name)))];
}

function processOf(pid) {
  try {
    const [, name, state] = /^\d+ \((.*)\) (.)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state === 'Z' || state === 'X' ? [] : [{ pid: Number(pid), name }];
  } catch {
    return [];
  }
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with another one.
  }
}
