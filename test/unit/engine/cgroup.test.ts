// The kernel's own files of both hierarchies, laid out as under the two drivers; the figures in them were recorded from kernels.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cgroupOf, readCgroup } from '../../../platform/engine/cgroup.ts';
import { decodeStats, type StatsAnswer } from '../../../platform/engine/docker-stats.ts';

interface Recorded {
  cgroup: 1 | 2;
  kernel: Record<string, number>;
  running: StatsAnswer;
}
const recordings = join(import.meta.dirname, 'stats');
const recorded = readdirSync(recordings)
  .filter((name) => name.endsWith('.json'))
  .map((name) => JSON.parse(readFileSync(join(recordings, name), 'utf8')) as Recorded);
const id = '2ec84c16ebb52776dc69e280bd045d04d157bf5cab2bb417cdb1f741737d2846';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'twelve-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), `${text}\n`);
}

function layOut({ cgroup, kernel, running }: Recorded): void {
  const cpu = running.cpu_stats!.cpu_usage!.total_usage!;
  const pids = String(running.pids_stats!.current);
  const at = (name: string): string => String(kernel[name]);
  if (cgroup === 1) {
    const path = `/docker/${id}`;
    write(
      'proc/77/cgroup',
      `9:name=systemd:${path}\n8:pids:${path}\n4:memory:${path}\n2:cpu,cpuacct:${path}\n0::/`,
    );
    const memory = `sys/fs/cgroup/memory${path}`;
    write(`${memory}/memory.usage_in_bytes`, at('memory.usage_in_bytes'));
    write(`${memory}/memory.limit_in_bytes`, at('memory.limit_in_bytes'));
    write(
      `${memory}/memory.stat`,
      `inactive_file 1\ntotal_inactive_file ${at('memory.stat total_inactive_file')}`,
    );
    write(`sys/fs/cgroup/cpuacct${path}/cpuacct.usage`, String(cpu));
    write(`sys/fs/cgroup/pids${path}/pids.current`, pids);
  } else {
    const path = `/system.slice/docker-${id}.scope`;
    write('proc/77/cgroup', `0::${path}`);
    const folder = `sys/fs/cgroup${path}`;
    write(`${folder}/memory.current`, at('memory.current'));
    write(`${folder}/memory.max`, at('memory.max'));
    write(`${folder}/memory.stat`, `anon 5\ninactive_file ${at('memory.stat inactive_file')}`);
    write(`${folder}/cpu.stat`, `usage_usec ${Math.round(cpu / 1000)}\nuser_usec 1`);
    write(`${folder}/pids.current`, pids);
  }
}

test.each(recorded)('cgroup v$cgroup: the same as the engine counts from them', (recording) => {
  layOut(recording);
  const files = cgroupOf(77, id, root);
  const read = readCgroup(files!);
  const engine = decodeStats(recording.running)!;
  expect(read).toMatchObject({ memoryLimit: engine.memoryLimit, pids: engine.pids });
  // Of another moment.
  expect(Math.abs(read!.memory - engine.memory)).toBeLessThan(262_144);
  expect(read!.cpuSeconds).toBeCloseTo(engine.cpuSeconds, 5);
});

test("a pid that is somebody else's from where we stand, and one that is nobody's", () => {
  layOut(recorded[0]!);
  expect(cgroupOf(77, 'f'.repeat(64), root)).toBeNull();
  expect(cgroupOf(78, id, root)).toBeNull();
});

test('a cgroup that is not to be seen, or has ended since', () => {
  const [two] = recorded.filter(({ cgroup }) => cgroup === 2) as [Recorded];
  layOut(two);
  const files = cgroupOf(77, id, root)!;
  rmSync(join(root, 'sys'), { recursive: true });
  expect(readCgroup(files)).toBeNull();
  expect(cgroupOf(77, id, root)).toBeNull();
});

test('without a limit there is none', () => {
  const [two] = recorded.filter(({ cgroup }) => cgroup === 2) as [Recorded];
  layOut({ ...two, kernel: { ...two.kernel } });
  const files = cgroupOf(77, id, root)!;
  writeFileSync(files.memoryLimit, 'max\n');
  expect(readCgroup(files)?.memoryLimit).toBe(0);
});
