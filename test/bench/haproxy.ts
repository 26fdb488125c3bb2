// The two HAProxy of the benchmark "router": the platform's and a bare one, on the same core and before the same backend.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { label } from '../../platform/engine/labels.ts';
import { createRuntime } from '../../platform/router/runtime.ts';
import { type Bench, byHandLabel } from './bench.ts';
import { type Cores, moveProgram } from './cores.ts';
import type { BenchPlatform, DeployedApp } from './platform.ts';
import { freePorts, type Target } from './polling.ts';
import { processorSeconds, treeOf } from './processes.ts';
import { type BenchServer, packageRoot } from './server.ts';

export interface Haproxy {
  target: Target;
  /** Of HAProxy, so far. */
  processorSeconds(): Promise<number>;
}

/** HAProxy of the platform moves to the measured core; its app and its server, which reads the log, to the others. */
export async function confined(
  bench: Bench,
  { server }: BenchPlatform,
  app: DeployedApp,
  cores: Cores,
): Promise<Haproxy & { image: string; backend: string }> {
  const [id] = (
    await bench.docker(
      ...['ps', '-q', '--filter', `label=${label.instance}=${server.instance}`],
      ...['--filter', `label=${label.kind}=router`],
    )
  ).split('\n');
  await bench.docker('update', '--cpuset-cpus', cores.measured, id!);
  // As many threads as it has cores is what HAProxy decides when it reads its configuration.
  await bench.docker('kill', '--signal', 'USR2', id!);
  await untilOneThread(server);
  const [process] = await app.containers();
  await bench.docker('update', '--cpuset-cpus', cores.others, process!);
  await moveProgram(bench, server.pid(), cores.others);
  const address = await bench.docker(
    ...['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', process!],
  );
  return {
    target: app.target,
    processorSeconds: await clockOf(bench, id!),
    image: await bench.docker('inspect', '--format', '{{.Image}}', id!),
    backend: `${address}:5006`,
  };
}

async function untilOneThread({ folder }: BenchServer): Promise<void> {
  const haproxy = createRuntime(join(folder, 'router'));
  for (let tries = 0; tries < 100; tries++) {
    const oneThread = /^Nbthread: 1$/m.test(await haproxy.ask('show info').catch(() => ''));
    // The worker of before ends with its last connection.
    if (oneThread && (await haproxy.oldWorkers()).length === 0) return;
    await sleep(100);
  }
  throw new Error('HAProxy does not keep to the one core it was given.');
}

/** The same program, told nothing but where the backend is. */
export async function bare(
  bench: Bench,
  { image, backend }: { image: string; backend: string },
  core: string,
): Promise<Haproxy> {
  const [port] = await freePorts(1);
  const file = join(bench.folder, 'bare.cfg');
  const config = await readFile(join(packageRoot, 'test', 'bench', 'bare-haproxy.cfg'), 'utf8');
  await writeFile(file, config.replace('PORT', String(port)).replace('BACKEND', backend));
  const id = await bench.docker(
    ...['run', '--detach', '--label', `${byHandLabel}=${bench.id}`, '--network', 'host'],
    ...['--cpuset-cpus', core, '--volume', `${file}:/bare.cfg:ro`],
    ...[image, 'haproxy', '-W', '-f', '/bare.cfg'],
  );
  return {
    target: { host: '127.0.0.1', port: port!, name: 'localhost' },
    processorSeconds: await clockOf(bench, id),
  };
}

async function clockOf(bench: Bench, container: string): Promise<() => Promise<number>> {
  const pid = Number(await bench.docker('inspect', '--format', '{{.State.Pid}}', container));
  return async () => processorSeconds(await treeOf(pid));
}
