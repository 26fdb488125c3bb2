// doctor and server:status: is all well, what is to be done; how the server stands.
import { addressText } from '../../domain/listen-address.ts';
import { type Command, jsonFlag } from '../command.ts';
import { examine } from '../doctor-checks.ts';
import { gatherFacts } from '../doctor-facts.ts';
import type { Finding } from '../doctor-finding.ts';
import { size, span } from '../terminal-text.ts';
import type { ServerStatus } from '../v3-status.ts';

const marks: Readonly<Record<Finding['verdict'], string>> = {
  ok: 'ok',
  warning: 'look',
  failed: 'FAIL',
  skipped: 'skip',
};

const doctor: Command = {
  name: 'doctor',
  usage: 'doctor',
  summary: 'look at the client, the server, engine, disk, memory, names, clock and ports, and say what to do',
  example: 'twelve doctor',
  examples: ['twelve doctor --json'],
  see: ['server:status'],
  flags: jsonFlag,
  async run(call) {
    const found = examine(await gatherFacts(call));
    if (call.on('json')) call.out.json(found);
    else
      for (const { what, verdict, said, advice } of found) {
        call.out.line(`${marks[verdict].padEnd(4)}  ${what.padEnd(11)}  ${said}`);
        if (advice) call.out.line(`${' '.repeat(19)}${advice}`);
      }
    return found.some(({ verdict }) => verdict === 'failed') ? 1 : 0;
  },
};

const status: Command = {
  name: 'server:status',
  usage: 'server:status',
  summary:
    'show how the server stands: version, apps, processes, builds, engine, disk, certificates, logs, drains',
  example: 'twelve server:status',
  see: ['doctor'],
  flags: jsonFlag,
  async run(call) {
    const found = await call.api().get<ServerStatus>('/server/status');
    if (call.on('json')) return call.out.json(found);
    call.out.heading(call.api().url);
    call.out.table(rowsOf(found));
  },
};

function rowsOf(status: ServerStatus): string[][] {
  const { processes, builds, engine, disk, memory, logs, drains, http } = status;
  const used = Object.entries(disk.used ?? {}).sort(([, a], [, b]) => b - a);
  return [
    ['Version:', `${status.version} (Node ${status.node}), up for ${span(status.uptime)}`],
    ['Apps:', `${status.apps} at *.${status.domain}, visitors come in at ${addressText(http)}`],
    [
      'Processes:',
      `${processes.up} up of ${processes.wanted} wanted${processes.crashed > 0 ? `, ${processes.crashed} crashed` : ''}`,
    ],
    ['Builds:', `${builds.running} of at most ${builds.at_once} running, ${builds.waiting} waiting`],
    [
      'Engine:',
      engine.failure ??
        `${engine.version}, ${engine.image_store} image store, cgroup v${engine.cgroup_version}, ${engine.architecture}`,
    ],
    ...imagesRow(status),
    ...(status.failing.length > 0 ? [['No answer:', status.failing.join(', ')]] : []),
    [
      'Memory:',
      `${size(memory.free)} of ${size(memory.total)} free; the server itself ${size(memory.server)}`,
    ],
    ...(disk.engine && !disk.engine.shared
      ? [['Engine disk:', `${size(disk.engine.free)} of ${size(disk.engine.total)} free`]]
      : []),
    ['Disk:', `${size(disk.free)} of ${size(disk.total)} free`],
    ...used.map(([kind, bytes]) => [
      '',
      `${size(bytes).padStart(10)}  ${kind}${within(disk.budgets?.[kind])}`,
    ]),
    ...ordersRow(status),
    ['Logs:', logs ? `${logs.lines} lines stored, ${logs.lost} lost` : 'not known now'],
    [
      'Drains:',
      drains
        ? `${drains.count}, ${drains.failing} of them failing, ${drains.lag} lines behind, ${drains.lost} lost`
        : 'not known now',
    ],
  ];
}

function imagesRow({ images }: ServerStatus): string[][] {
  if (!images?.packages_as_of) return [];
  const behind = images.apps_behind.length;
  const more = behind > 0 ? `; on a stack of before: ${behind} of the apps` : '';
  return [['Images:', `Debian's packages of ${images.packages_as_of.slice(0, 10)}${more}`]];
}

function ordersRow({ certificate_orders: orders }: ServerStatus): string[][] {
  if (!orders) return [];
  const { hosts, failing, first } = orders;
  const why = first ? `, none can be had for ${failing}; ${first.hostname}: ${first.reason}` : '';
  return [['Certificates:', `ordered for ${hosts} names${why}`]];
}

const within = (budget: number | undefined): string =>
  budget === undefined ? '' : ` (budget ${size(budget)})`;

export const commands: readonly Command[] = [doctor, status];
