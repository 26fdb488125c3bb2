// A one-off process as `ps` shows it, from its container; and a container that was made just now.
import { defaultSizeName } from '../domain/formation.ts';
import type { ProcessStatus } from '../domain/process.ts';
import type { ContainerSpec, ContainerSummary } from '../engine/engine.ts';
import { label } from '../engine/labels.ts';

/** @param awaitsFirst its command begins when its caller is there */
export function toStatus(container: ContainerSummary, awaitsFirst = false): ProcessStatus {
  const labels = container.labels;
  const name = labels[label.process] ?? '';
  return {
    id: labels[label.id] ?? '',
    appId: labels[label.app] ?? '',
    name,
    type: 'run',
    number: Number(name.slice('run.'.length)),
    command: labels[label.command] ?? '',
    size: labels[label.size] ?? defaultSizeName,
    state: container.state === 'running' && !awaitsFirst ? 'up' : 'starting',
    releaseId: labels[label.releaseId] ?? '',
    releaseVersion: Number(labels[label.release]),
    updatedAt: container.createdAt,
    createdAt: container.createdAt,
    restarts: 0,
    code: null,
  };
}

/** What the engine would say of it, which a caller need not wait for. */
export function justMade(id: string, { name, labels, image }: ContainerSpec): ContainerSummary {
  const createdAt = new Date().toISOString();
  return { id, name, labels, state: 'created', imageId: image, addresses: {}, createdAt };
}
