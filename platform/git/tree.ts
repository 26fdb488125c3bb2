// What a commit's tree holds, from `git ls-tree`: names are bytes, since git does not promise UTF-8.

export interface TreeEntry {
  /** `100644`, `100755`, `120000` (symbolic link), `160000` (submodule). */
  mode: string;
  /** Of a submodule: the commit. */
  object: string;
  /** Bytes of the file; 0 for a submodule. */
  size: number;
  path: Buffer;
}

/** @param listing of `git ls-tree -r -l -z` */
export function parseTree(listing: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let start = 0; start < listing.length; ) {
    const end = listing.indexOf(0, start);
    const tab = listing.indexOf(9, start);
    const [mode, , object, size] = listing.toString('latin1', start, tab).split(/ +/);
    entries.push({
      mode: mode!,
      object: object!,
      size: Number(size) || 0,
      path: listing.subarray(tab + 1, end),
    });
    start = end + 1;
  }
  return entries;
}

export function submodulesOf(entries: readonly TreeEntry[]): TreeEntry[] {
  return entries.filter(({ mode }) => mode === '160000');
}

/** Files whose size is that of a Git LFS pointer: three short lines, of which only the number varies in length. */
export function maybePointers(entries: readonly TreeEntry[]): TreeEntry[] {
  return entries.filter(({ mode, size }) => mode.startsWith('100') && size >= 120 && size <= 150);
}

export function isPointer(content: Buffer): boolean {
  return /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:[0-9a-f]{64}\nsize \d+\n$/.test(
    content.toString('latin1'),
  );
}

/** `a, b, c and 4 more` */
export function listed(names: readonly string[], shown = 3): string {
  const more = names.length - shown;
  return more > 0 ? `${names.slice(0, shown).join(', ')} and ${more} more` : names.join(', ');
}
