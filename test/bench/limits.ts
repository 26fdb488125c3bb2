// What a process of the usual size gets, in the words of the docker command.
import { defaultSizeName, defaultSizes, findSize } from '../../platform/domain/formation.ts';
import { appUid } from '../../platform/domain/process.ts';

export function limits(): string[] {
  const size = findSize(defaultSizeName, defaultSizes);
  const memory = `${size.memoryMb}m`;
  return [
    ...['--init', '--user', `${appUid}:${appUid}`, '--workdir', '/app', '--env', 'HOME=/app'],
    ...['--memory', memory, '--memory-swap', memory, '--cpu-shares', String(size.cpuShare * 1024)],
    ...['--pids-limit', String(size.pids), '--ulimit', `nofile=${size.openFiles}:${size.openFiles}`],
    ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true'],
  ];
}
