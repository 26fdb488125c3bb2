// Where a build happens: its folder and its container; also made ahead, with all that a build does before its source is there.
import { randomUUID } from 'node:crypto';
import { label, ownLabels } from '../engine/labels.ts';
import type { BuildCache } from './cache.ts';
import { type BuildContainer, buildContainerSpec, startBuildContainer } from './container.ts';
import type { BuilderNeeds } from './needs.ts';
import type { PlaceFacts, Ready } from './ready.ts';
import { createWorkspace, type Workspace } from './workspace.ts';

interface AppNames {
  id: string;
  name: string;
}

export interface PlaceNeeds extends BuilderNeeds {
  /** Places whose container somebody will remove. */
  inUse: Set<string>;
}

/** The container of a folder: it waits for the folder's gate. */
export async function startIn(
  needs: PlaceNeeds,
  place: { id: string; app: AppNames; workspace: Workspace; image: string },
  signal: AbortSignal,
): Promise<BuildContainer> {
  const { instance, stackCompat, memory, caFile, inUse } = needs;
  const npmrc = Object.keys(needs.npmConfig ?? {}).length > 0;
  const spec = buildContainerSpec({ ...place, instance, stackCompat, memory, caFile, npmrc });
  const orLeft = (error: unknown): never => {
    inUse.delete(place.id);
    throw error;
  };
  inUse.add(place.id);
  const container = await startBuildContainer(needs.engine, spec, signal).catch(orLeft);
  return {
    ...container,
    follow: (onOutput, until) => container.follow(onOutput, until).catch(orLeft),
    async remove() {
      inUse.delete(place.id);
      await container.remove();
    },
  };
}

/** After the engine was away: containers that could not be removed, or of which we never heard. */
export async function removeStrays({ engine, instance, inUse }: PlaceNeeds): Promise<void> {
  const found = await engine.list(ownLabels(instance, 'build'));
  const left = found.filter(({ labels }) => !inUse.has(labels[label.build] ?? ''));
  await Promise.all(left.map(({ id }) => engine.remove(id)));
}

/** Leaves nothing behind when it fails. */
export async function makePlace(
  needs: PlaceNeeds,
  cache: BuildCache,
  app: AppNames,
  facts: PlaceFacts,
  signal: AbortSignal,
): Promise<Ready> {
  const id = randomUUID();
  const workspace = await createWorkspace(needs.workFolder, id);
  const restoring = cache.restore(app.id, facts.cacheKey, workspace.cache);
  const starting = startIn(needs, { id, app, workspace, image: facts.image }, signal);
  try {
    const [restored, container] = await Promise.all([restoring, starting]);
    return { facts, workspace, container, cache: restored };
  } catch (error) {
    // Nothing may still come into being in a folder that is removed next.
    const [, started] = await Promise.allSettled([restoring, starting]);
    if (started.status === 'fulfilled') await started.value.remove();
    await workspace.dispose();
    throw error;
  }
}
