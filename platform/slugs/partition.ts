// Which part of a built app goes into which layer, and in what order (pure).

/**
 * A path below the app's folder. Every byte of a name is kept: the text is latin1, one character per byte.
 */
export interface TreeEntry {
  /** `node_modules`; or `.heroku/node`, for what lies in a hidden folder that buildpacks created. */
  path: string;
  /** Bytes, counted no further than `layerBytes`. */
  size: number;
  /** Its top-level entry was made by the buildpacks: it is not in the pushed source. */
  created: boolean;
}

export interface LayerPlan {
  /** For people: `node_modules`, `.heroku/node`, `app`. */
  label: string;
  /** Folders on the way to the entries (none for those that lie directly in the app's folder). */
  folders: string[];
  entries: string[];
}

/** A dependency layer pays off from here; below, one more layer costs more than it saves. */
export const layerBytes = 1024 * 1024;

/** An overlay has room for some 120 layers, and the stack has some; the rest stays with the app. */
const maxDependencyLayers = 40;

/**
 * What changes least comes first, so that a change leaves the layers below it alone:
 *  1. parts of hidden folders (`.heroku/node`), by name: runtimes, which change with their version;
 *     what is small in such a folder stays together as one layer when that is large
 *  2. other created entries (`node_modules`, `vendor`), by name: dependencies, which change with a lock file
 *  3. everything else: the app
 */
export function partition(entries: readonly TreeEntry[]): LayerPlan[] {
  const groups = new Map<string, TreeEntry[]>();
  for (const entry of entries) {
    if (entry.created) groups.set(groupOf(entry), [...(groups.get(groupOf(entry)) ?? []), entry]);
  }
  const dependencies = [...groups]
    .filter(([, members]) => members.reduce((sum, member) => sum + member.size, 0) >= layerBytes)
    .sort(([a], [b]) => rank(a) - rank(b) || compare(a, b))
    .slice(0, maxDependencyLayers);
  const taken = new Set(dependencies.flatMap(([, members]) => members));
  const rest = entries.filter((entry) => !taken.has(entry));
  return [...dependencies.map(([path, members]) => plan(text(path), members)), plan('app', rest)];
}

/** Large entries stand alone; small ones of one hidden folder stand together under its name. */
function groupOf(entry: TreeEntry): string {
  return entry.size >= layerBytes ? entry.path : entry.path.split('/')[0]!;
}

function rank(path: string): number {
  return path.startsWith('.') ? 0 : 1;
}

function plan(label: string, members: readonly TreeEntry[]): LayerPlan {
  const paths = members.map((member) => member.path).sort(compare);
  const folders = paths.filter((path) => path.includes('/')).map((path) => path.slice(0, path.indexOf('/')));
  return { label, folders: [...new Set(folders)], entries: paths };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function text(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8');
}
