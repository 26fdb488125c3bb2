// On which TCP ports programs of this machine listen, as the kernel says.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Of these programs, on whatever address of their network. */
export function listeningPorts(pids: readonly number[]): number[] {
  return [...new Set(pids.flatMap(portsOf))].sort((a, b) => a - b);
}

function portsOf(pid: number): number[] {
  const folder = `/proc/${pid}/fd`;
  const sockets = new Set(
    readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  const lines = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n'),
  );
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === '0A' && sockets.has(inode) ? Number.parseInt(local.split(':').at(-1)!, 16) : [];
  });
}
