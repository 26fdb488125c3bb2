// Which file holds which command, so that one command loads one file.
import { nearest } from '../domain/nearest.ts';
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
    topic: 'Account',
    names: [
      ...['authorizations', 'authorizations:create', 'authorizations:info', 'authorizations:rotate'],
      ...['authorizations:revoke', 'authorizations:destroy'],
    ],
    load: () => import('./commands/authorizations.ts'),
  },
  {
    topic: 'Team',
    names: ['users', 'users:add', 'users:remove', 'users:promote', 'users:demote'],
    load: () => import('./commands/users.ts'),
  },
  {
    topic: 'Team',
    names: ['access', 'access:add', 'access:remove'],
    load: () => import('./commands/access.ts'),
  },
  { topic: 'Team', names: ['audit'], load: () => import('./commands/audit.ts') },
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
    topic: 'Certificates',
    names: ['certs', 'certs:add', 'certs:info', 'certs:remove', 'https:redirect', 'ca'],
    load: () => import('./commands/certs.ts'),
  },
  {
    topic: 'Certificates',
    names: ['certs:auto', 'certs:auto:refresh'],
    load: () => import('./commands/certs-auto.ts'),
  },
  { topic: 'Apps', names: ['apps:errors'], load: () => import('./commands/errors.ts') },
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
  { topic: 'Processes', names: ['ps:exec'], load: () => import('./commands/ps-exec.ts') },
  { topic: 'Processes', names: ['ps:set'], load: () => import('./commands/process-settings.ts') },
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
    topic: 'Processes',
    names: ['cron', 'cron:run', 'cron:suspend', 'cron:resume'],
    load: () => import('./commands/cron.ts'),
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
  {
    topic: 'Builds',
    names: ['builds:create', 'builds:cancel', 'builds:cache:purge'],
    load: () => import('./commands/builds-create.ts'),
  },
  {
    topic: 'Buildpacks',
    names: [
      ...['buildpacks', 'buildpacks:set', 'buildpacks:add', 'buildpacks:remove'],
      ...['buildpacks:clear', 'buildpacks:update'],
    ],
    load: () => import('./commands/buildpacks.ts'),
  },
  { topic: 'Logs', names: ['logs'], load: () => import('./commands/logs.ts') },
  {
    topic: 'Logs',
    names: ['drains', 'drains:add', 'drains:remove'],
    load: () => import('./commands/drains.ts'),
  },
  { topic: 'Git', names: ['git:remote', 'git:credentials'], load: () => import('./commands/git.ts') },
  {
    topic: 'Server',
    names: ['server', 'server:token', 'server:restore', 'server:key'],
    load: () => import('./commands/server.ts'),
  },
  { topic: 'Server', names: ['server:gc'], load: () => import('./commands/gc.ts') },
  { topic: 'Server', names: ['server:backup'], load: () => import('./commands/backup.ts') },
  {
    topic: 'Server',
    names: ['doctor', 'server:status'],
    load: () => import('./commands/doctor.ts'),
  },
  { topic: 'Server', names: ['api'], load: () => import('./commands/api.ts') },
  { topic: 'Help', names: ['help', 'version'], load: () => import('./commands/help.ts') },
  {
    topic: 'Help',
    names: ['completion', 'completion:words'],
    load: () => import('./commands/completion.ts'),
  },
];

/** @returns undefined when there is no such command */
export async function findCommand(name: string): Promise<Command | undefined> {
  const room = rooms.find((one) => one.names.includes(name));
  const commands = (await room?.load())?.commands ?? [];
  return commands.find((command) => command.name === name || command.aliases?.includes(name));
}

/** Every one that is no secret, in the order of help. */
export async function allCommands(): Promise<{ topic: string; command: Command }[]> {
  const loaded = await Promise.all(
    rooms.map(async (room) => ({ ...room, commands: (await room.load()).commands })),
  );
  return loaded.flatMap(({ topic, commands }) =>
    commands.filter((command) => !command.hidden).map((command) => ({ topic, command })),
  );
}

/** The command most likely meant; undefined when none is near. */
export function closestName(name: string): string | undefined {
  return nearest(
    name,
    rooms.flatMap((room) => room.names),
  );
}
