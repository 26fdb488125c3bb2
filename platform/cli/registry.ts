// Which file holds which command, so that one command loads one file.
import type { Command } from './command.ts';

interface Room {
  topic: string;
  /** Names and aliases of its commands. */
  names: readonly string[];
  load(): Promise<{ commands: readonly Command[] }>;
}

export const rooms: readonly Room[] = [
  {
    topic: 'Account',
    names: ['login', 'logout', 'whoami', 'auth:login', 'auth:logout', 'auth:whoami'],
    load: () => import('./commands/account.ts'),
  },
  {
    topic: 'Apps',
    names: [
      ...['apps', 'apps:create', 'create', 'apps:info', 'info', 'apps:destroy', 'destroy'],
      ...['apps:open', 'open'],
    ],
    load: () => import('./commands/apps.ts'),
  },
  {
    topic: 'Apps',
    names: ['domains', 'domains:add', 'domains:remove', 'domains:clear'],
    load: () => import('./commands/domains.ts'),
  },
  {
    topic: 'Apps',
    names: ['maintenance', 'maintenance:on', 'maintenance:off'],
    load: () => import('./commands/maintenance.ts'),
  },
  {
    topic: 'Config vars',
    names: ['config', 'config:get', 'config:set', 'config:unset'],
    load: () => import('./commands/config.ts'),
  },
  {
    topic: 'Processes',
    names: ['ps', 'ps:scale', 'scale', 'ps:restart', 'restart', 'ps:stop'],
    load: () => import('./commands/ps.ts'),
  },
  {
    topic: 'Processes',
    names: ['ps:resize', 'ps:type', 'resize'],
    load: () => import('./commands/sizes.ts'),
  },
  {
    topic: 'Processes',
    names: ['run', 'run:detached'],
    load: () => import('./commands/run.ts'),
  },
  {
    topic: 'Releases',
    names: ['releases', 'releases:info', 'releases:diff', 'rollback', 'releases:rollback'],
    load: () => import('./commands/releases.ts'),
  },
  {
    topic: 'Builds',
    names: ['builds', 'builds:info', 'builds:output', 'redeploy'],
    load: () => import('./commands/builds.ts'),
  },
  { topic: 'Logs', names: ['logs'], load: () => import('./commands/logs.ts') },
  { topic: 'Git', names: ['git:remote', 'git:credentials'], load: () => import('./commands/git.ts') },
  { topic: 'Server', names: ['server', 'server:token'], load: () => import('./commands/server.ts') },
  { topic: 'Help', names: ['help', 'version'], load: () => import('./commands/help.ts') },
];

/** @returns undefined when there is no such command */
export async function findCommand(name: string): Promise<Command | undefined> {
  const room = rooms.find((one) => one.names.includes(name));
  const commands = (await room?.load())?.commands ?? [];
  return commands.find((command) => command.name === name || command.aliases?.includes(name));
}

/** The command most likely meant; undefined when none is near. */
export function closestName(name: string): string | undefined {
  const [best] = rooms
    .flatMap((room) => room.names)
    .map((known) => ({ known, distance: distance(name, known) }))
    .sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.known : undefined;
}

/** Letters to insert, drop, exchange or swap with the next one to come from one word to the other. */
export function distance(from: string, to: string): number {
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const next = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1] ? 0 : 1;
      let least = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + same);
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) least = Math.min(least, before[column - 2]! + 1);
      next.push(least);
    }
    before = last;
    last = next;
  }
  return last[to.length]!;
}
