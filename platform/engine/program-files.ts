// What of a checkout goes into the platform's own image: the compiled program, the files it reads, the packages it needs.
import { existsSync, type Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '../domain/errors.ts';

/** The one package with a part that is compiled: of what its build left, only the result. */
const compiled = 'node_modules/better-sqlite3';

/**
 * @param root the checkout
 * @returns regular files, and links of buildpacks, relative to it
 * @throws PlatformError `service_unavailable` when the program was not compiled or its packages are not installed
 */
export async function programFiles(root: string): Promise<string[]> {
  for (const needed of ['dist/main.js', 'node_modules', 'package-lock.json'])
    if (!existsSync(join(root, needed)))
      throw new PlatformError(
        'service_unavailable',
        `There is no ${needed} in ${root}, so the platform's own image cannot be made. Run: ./scripts/setup`,
      );
  const [program, read, buildpacks, packages] = await Promise.all([
    filesBelow(root, 'dist', (path) => path.endsWith('.js')),
    filesBelow(root, 'platform', (path) => !path.endsWith('.ts')),
    filesBelow(root, 'buildpacks'),
    productionPackages(root),
  ]);
  const epoch = existsSync(join(root, 'images-epoch')) ? ['images-epoch'] : [];
  return ['package.json', ...epoch, ...program, ...read, ...buildpacks, ...packages].sort();
}

/** What `npm ci --omit=dev` would install, from what is installed. */
async function productionPackages(root: string): Promise<string[]> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  const folders = Object.entries(lock.packages)
    // The optional ones need not be there, and npm leaves out what is for other systems.
    .filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev && existsSync(join(root, path)))
    .map(([path]) => path);
  return (await Promise.all(folders.map((folder) => filesBelow(root, folder, wanted, folder)))).flat();
}

const wanted = (path: string): boolean =>
  !path.startsWith(`${compiled}/build/`) || path === `${compiled}/build/Release/better_sqlite3.node`;

/** One buildpack may lie in another by a link. */
const isBuildpackLink = (path: string, stat: Stats): boolean =>
  stat.isSymbolicLink() && path.startsWith('buildpacks/');

/** @param owner the package they belong to: those installed inside of it are packages of their own */
async function filesBelow(
  root: string,
  folder: string,
  want: (path: string) => boolean = () => true,
  owner?: string,
): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(join(root, folder))) {
    if (owner === folder && name === 'node_modules') continue;
    const path = `${folder}/${name}`;
    const stat = await lstat(join(root, path));
    if (stat.isDirectory()) found.push(...(await filesBelow(root, path, want, owner)));
    else if ((stat.isFile() || isBuildpackLink(path, stat)) && want(path)) found.push(path);
  }
  return found;
}
