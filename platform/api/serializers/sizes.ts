// A size of processes in the shape of the Platform API v3, with the limits that are ours.
import type { Size } from '../../domain/formation.ts';
import { stableId } from './resources.ts';

export function dynoSize(size: Size) {
  return {
    id: stableId(size.name),
    name: size.name,
    /** In GB, as in the reference. */
    memory: size.memoryMb / 1024,
    compute: size.cpuShare,
    cost: null,
    dedicated: false,
    dyno_units: size.cpuShare,
    private_space_only: false,
    pids: size.pids,
    open_files: size.openFiles,
  };
}
