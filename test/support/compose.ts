// The platform in a container as docker-compose.yml has it: brought up, killed, brought up again.
import { ask, type Container, containers, engineSocket, logsOf } from './engine-socket.ts';
import { type Result, run } from './program.ts';
import { root, type ServerProcess } from './server-process.ts';
import { waitFor } from './wait.ts';

export interface ComposeServer extends ServerProcess {
  /** Any command of compose on it. */
  compose(...args: string[]): Promise<Result>;
  /** Null when there is none. */
  container(): Promise<PlatformContainer | null>;
  /** Whether the life it is in now has said that it is up. */
  isUp(): Promise<boolean>;
}

export interface PlatformContainer {
  Id: string;
  RestartCount: number;
  /** While it waits to be started again it counts as running. */
  State: { Running: boolean; Restarting: boolean; Pid: number; StartedAt: string };
}

/** Its containers, of whatever state. */
export function composed(project: string): Promise<Container[]> {
  return containers({ 'com.docker.compose.project': project });
}

/** @param env TWELVE_* as a user sets them for compose */
export async function createComposeServer(
  env: Record<string, string>,
  project: string,
): Promise<ComposeServer> {
  const [program, ...first] = await composeCommand();
  const { DockerRootDir } = await ask<{ DockerRootDir: string }>('GET', '/info');
  const environment = {
    TWELVE_ENGINE: engineSocket,
    TWELVE_ENGINE_CONTAINERS: `${DockerRootDir}/containers`,
    DOCKER_HOST: `unix://${engineSocket}`,
    ...env,
  };
  let printed = '';
  const compose: ComposeServer['compose'] = (...args) =>
    run(program!, [...first, '--project-name', project, ...args], { cwd: root, env: environment });

  const server: ComposeServer = {
    compose,
    printed: () => printed,
    async container() {
      const [found] = await composed(project);
      return found ? await ask<PlatformContainer | null>('GET', `/containers/${found.id}/json`) : null;
    },
    async isUp() {
      const now = await server.container();
      if (!now?.State.Running || now.State.Restarting) return false;
      printed = await logsOf(now.Id, now.State.StartedAt);
      return printed.includes('Twelve is up.');
    },
    async start() {
      const up = await compose('up', '-d');
      const came = up.status === 0 && (await waitFor(server.isUp, 120_000));
      if (!came) throw new Error(`The platform did not come up:\n${up.stdout}${up.stderr}${printed}`);
    },
    async kill(signal) {
      await compose('kill', '-s', signal);
      await waitFor(async () => !(await server.container())?.State.Running);
    },
  };
  return server;
}

/** The plugin of the docker command line, else the program of its own. */
/** What comes with the engine under test; else what this machine has. */
async function composeCommand(): Promise<string[]> {
  const given = process.env['TWELVE_TEST_COMPOSE'];
  if (given) return [given];
  for (const command of [['docker', 'compose'], ['docker-compose']]) {
    const [program, ...args] = [...command, 'version'];
    const asked = await run(program!, args, { env: { PATH: process.env['PATH'] ?? '' } }).catch(() => null);
    if (asked?.status === 0) return command;
  }
  throw new Error('Docker Compose is not installed. Run: ./scripts/setup --dev');
}
