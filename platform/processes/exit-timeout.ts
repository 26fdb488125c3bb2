// What the log says of a process that did not end in time after SIGTERM.
import { errorName } from '../domain/code.ts';

export function exitTimeout(graceMs: number): string[] {
  return [
    `${errorName('R12')} -> At least one process failed to exit within ${Math.round(graceMs / 1000)} seconds of SIGTERM`,
    'Stopping remaining processes with SIGKILL',
  ];
}
