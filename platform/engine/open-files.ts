// How many open files a process can be allowed on this machine.
import { readFileSync } from 'node:fs';
import type { Size } from '../domain/formation.ts';

/** CAP_SYS_RESOURCE: whoever has it may allow others more than itself. */
const resourceBit = 24n;

/** As the kernel shows them of a program, and of the machine. */
export interface KernelSays {
  status: string;
  limits: string;
  nrOpen: string;
}

/**
 * An engine is refused to start a process with more files than it may have itself, where nobody on the machine has the right
 * to go beyond; that is so in many containers, and on machines that are made of them. What is true of us is true of it then.
 */
export function mostOpenFiles(says: KernelSays = thisProgram()): number {
  const machine = Number(says.nrOpen) || Number.POSITIVE_INFINITY;
  const bounding = /^CapBnd:\s+([0-9a-f]+)$/m.exec(says.status)?.[1];
  if (bounding === undefined || (BigInt(`0x${bounding}`) >> resourceBit) & 1n) return machine;
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(says.limits)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.min(machine, hard);
}

/** Sizes as they can be had here. */
export function sizesHere(sizes: readonly Size[], most = mostOpenFiles()): readonly Size[] {
  return sizes.map((size) => ({ ...size, openFiles: Math.min(size.openFiles, most) }));
}

function thisProgram(): KernelSays {
  return {
    status: textOf('/proc/self/status'),
    limits: textOf('/proc/self/limits'),
    nrOpen: textOf('/proc/sys/fs/nr_open'),
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
