// Requests a second through our router, every one of them logged and stored, against HAProxy that only passes them on.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { label } from '../../../platform/engine/labels.ts';
import { type Bench, byHandLabel } from '../bench.ts';
import { type Cores, divideCores, moveProgram } from '../cores.ts';
import { connections, load } from '../load.ts';
import { type BenchPlatform, type DeployedApp, startPlatform } from '../platform.ts';
import { freePorts, type Target, untilAnswered } from '../polling.ts';
import { inTurns, type Row } from '../row.ts';
import { packageRoot } from '../server.ts';
import { restingRouterLine } from '../stored-lines.ts';

const seconds = 5;

export const router: Row = {
  name: 'router',
  about: `requests/s through our router, logged and stored, ${connections} connections / through a bare HAProxy without a log, same core and backend`,
  unit: 'requests/s',
  bar: { value: 0.85, kind: 'at least' },
  async measure(bench: Bench) {
    const cores = divideCores();
    const platform = await startPlatform(bench);
    const app = await platform.deploy('bench-backend', join(packageRoot, 'test', 'bench', 'backend'));
    const ours = await confine(bench, platform, app, cores);
    const bare = await startBare(bench, ours, cores.measured);
    await untilAnswered(app.target, isAnswer, bench.signal);
    await untilAnswered(bare, isAnswer, bench.signal);

    async function through(target: Target): Promise<{ requests: number; perSecond: number }> {
      const found = await load(bench, target, seconds, cores.others);
      if (found.wrong !== null) throw new Error(`requests failed: ${found.wrong}`);
      return found;
    }

    async function logged(): Promise<number> {
      const before = await restingRouterLine(platform, app.name);
      const { requests, perSecond } = await through(app.target);
      const stored = (await restingRouterLine(platform, app.name)) - before;
      if (stored < requests)
        throw new Error(`${requests - stored} of ${requests} requests are not in the app's log`);
      return perSecond;
    }

    const measured = await inTurns(bench, 'requests/s', logged, async () => (await through(bare)).perSecond);
    await platform.remove();
    return measured;
  },
};

const isAnswer = (body: string): boolean => body === 'hello, world\n';

/** HAProxy of the platform on the one core, its app and its server on the others. @returns the router's image */
async function confine(
  bench: Bench,
  { server }: BenchPlatform,
  app: DeployedApp,
  cores: Cores,
): Promise<{ image: string; backend: string }> {
  const [id] = (
    await bench.docker(
      ...['ps', '-q', '--filter', `label=${label.instance}=${server.instance}`],
      ...['--filter', `label=${label.kind}=router`],
    )
  ).split('\n');
  await bench.docker('update', '--cpuset-cpus', cores.measured, id!);
  // As many threads as it has cores is what HAProxy decides at its start.
  await bench.docker('restart', id!);
  const [process] = await app.containers();
  await bench.docker('update', '--cpuset-cpus', cores.others, process!);
  await moveProgram(bench, server.pid(), cores.others);
  const address = await bench.docker(
    ...['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', process!],
  );
  return {
    image: await bench.docker('inspect', '--format', '{{.Image}}', id!),
    backend: `${address}:5006`,
  };
}

async function startBare(
  bench: Bench,
  { image, backend }: { image: string; backend: string },
  core: string,
): Promise<Target> {
  const [port] = await freePorts(1);
  const file = join(bench.folder, 'bare.cfg');
  const config = await readFile(join(packageRoot, 'test', 'bench', 'bare-haproxy.cfg'), 'utf8');
  await writeFile(file, config.replace('PORT', String(port)).replace('BACKEND', backend));
  await bench.docker(
    ...['run', '--detach', '--label', `${byHandLabel}=${bench.id}`, '--network', 'host'],
    ...['--cpuset-cpus', core, '--volume', `${file}:/bare.cfg:ro`],
    ...[image, 'haproxy', '-W', '-f', '/bare.cfg'],
  );
  return { host: '127.0.0.1', port: port!, name: 'localhost' };
}
