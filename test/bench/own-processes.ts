// The processes that are the platform's own: the server, and what of ours waits in containers.
import { label } from '../../platform/engine/labels.ts';
import type { Bench } from './bench.ts';
import type { BenchPlatform } from './platform.ts';

export interface OwnProcess {
  what: string;
  /** What descends from it is ours too. */
  pid: number;
}

/** All but HAProxy and the apps' own processes. */
export async function ownProcesses(bench: Bench, { server }: BenchPlatform): Promise<OwnProcess[]> {
  const found: OwnProcess[] = [{ what: 'server', pid: server.pid() }];
  const own = ['ps', '--quiet', '--filter', `label=${label.instance}=${server.instance}`];
  for (const id of (await bench.docker(...own)).split('\n').filter(Boolean)) {
    const told = await bench.docker(
      ...['inspect', '--format', `{{index .Config.Labels "${label.kind}"}} {{.State.Pid}}`, id],
    );
    const [kind, pid] = told.split(' ');
    if (kind !== 'router' && kind !== 'process') found.push({ what: kind!, pid: Number(pid) });
  }
  return found;
}
