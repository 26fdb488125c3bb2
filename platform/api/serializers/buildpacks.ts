// An app's list of buildpacks in the shape of buildpack installations. `pin` and `updated_at` are ours.
import type { StoredBuildpack } from '../../store/buildpacks.ts';

export function installations(list: readonly StoredBuildpack[]) {
  return list.map(({ shown, pin, updatedAt }, ordinal) => ({
    ordinal,
    buildpack: { url: shown, name: shown },
    pin,
    updated_at: `${updatedAt.slice(0, 19)}Z`,
  }));
}
