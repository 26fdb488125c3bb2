// Where a build happens: its folder and its container; also made ahead, with all that a build does before its source is there.
import { randomUUID } from 'node:crypto';
import { hasCode } from '../domain/errors.ts';
import type { BuildCache } from './cache.ts';
import { type BuildContainer, buildContainerSpec, startBuildContainer } from './container.ts';
import { fetchDebs } from './debs.ts';
import { firstWait, type Language } from './first-party.ts';
import { goEnvText } from './host-go.ts';
import { npmrcText } from './host-npm.ts';
import { pipConfText } from './host-pip.ts';
import type { Keeper } from './keeper.ts';
import type { BuilderNeeds, BuildLimits } from './needs.ts';
import type { PlaceFacts, Ready } from './ready.ts';
import { createWorkspace, inside, type Workspace } from './workspace.ts';

/** Who removes containers is the builder's. */
type PlaceNeeds = BuilderNeeds & { keeper: Keeper; limits: BuildLimits };

interface AppNames {
  id: string;
  name: string;
}

/** The container of a folder: it waits for the folder's gate. */
export async function startIn(
  needs: PlaceNeeds,
  place: { id: string; app: AppNames; workspace: Workspace; language: Language; note?(line: string): void },
  signal: AbortSignal,
): Promise<BuildContainer> {
  const { instance, stackCompat, memory, limits, caFile } = needs;
  const npmrc = Object.keys(needs.npmConfig ?? {}).length > 0;
  const pipConf = Object.keys(needs.pipConfig ?? {}).length > 0;
  const goenv = Object.keys(needs.goConfig ?? {}).length > 0;
  const onMaking = (): void => place.note?.(`-----> Preparing ${firstWait[place.language]}`);
  const image = await needs.image(place.language, { signal, onMaking });
  const settings = { instance, stackCompat, memory, limits, caFile, npmrc, pipConf, goenv };
  const start = async (): Promise<BuildContainer> => {
    const network = await needs.network?.ensure();
    const spec = buildContainerSpec({ ...place, image, ...settings, ...(network ? { network } : {}) });
    return await startBuildContainer(needs.engine, needs.keeper, spec, signal);
  };
  try {
    return await start();
  } catch (error) {
    // Somebody removed the network while no build was in it: it is made again.
    if (!needs.network || !hasCode(error, 'not_found')) throw error;
    needs.network.forget();
    return await start();
  }
}

/** Cache and plan into the folder. */
export async function furnish(
  needs: BuilderNeeds,
  cache: BuildCache,
  place: { app: AppNames; workspace: Workspace },
  facts: PlaceFacts,
): Promise<'restored' | 'empty'> {
  const { app, workspace } = place;
  const [restored] = await Promise.all([
    cache.restore(app.id, facts.cacheKey, workspace.cache),
    workspace.writePlan({
      mode: facts.mode,
      likely: facts.likely,
      before: facts.before,
      buildpacks: facts.buildpacks,
      npmrc: npmrcText(needs.npmConfig ?? {}),
      pipConf: pipConfText(needs.pipConfig ?? {}, inside.pipCert),
      pipCert: needs.pipConfig?.['cert'] ?? null,
      goenv: goEnvText(needs.goConfig ?? {}),
    }),
  ]);
  return restored;
}

/** What an Aptfile names by its address, where the apt buildpack is used: it looks for these in a folder of ours. */
export async function layDebs(
  debs: BuilderNeeds['debs'],
  workspace: Workspace,
  facts: PlaceFacts,
  { note, signal }: { note(line: string): void; signal: AbortSignal },
): Promise<void> {
  const applies =
    facts.mode === 'explicit' ? facts.buildpacks.some(({ name }) => name === 'apt') : facts.likely === 'apt';
  const aptfile = debs && applies ? await workspace.sourceText('Aptfile') : null;
  if (debs && aptfile !== null) await fetchDebs(debs, { aptfile, into: workspace.debs, note, signal });
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
  const furnishing = furnish(needs, cache, { app, workspace }, facts);
  const starting = startIn(needs, { id, app, workspace, language: facts.language }, signal);
  try {
    const [restored, container] = await Promise.all([furnishing, starting]);
    return { facts, workspace, container, cache: restored };
  } catch (error) {
    // Nothing may still come into being in a folder that is removed next.
    const [, started] = await Promise.allSettled([furnishing, starting]);
    if (started.status === 'fulfilled') await started.value.remove();
    await workspace.dispose();
    throw error;
  }
}
