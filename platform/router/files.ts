// The router's folder: configuration, maps and pages, written so that HAProxy can be restarted at any moment.
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configText, mapText, type RouterSettings } from './haproxy-config.ts';
import { pictureOf, type Table } from './table.ts';

/** Found alike from platform/router and from dist/router. */
const pagesFolder = join(import.meta.dirname, '../../platform/router/pages');

/** Pages HAProxy sends by itself, as the whole answer; Heroku's status for each of them is 503. */
const wholeAnswers = ['h12', 'h13', 'h21'];

/** A socket's path has at most 107 bytes, and HAProxy adds to it while it binds. */
const LONGEST_FOLDER = 80;

/** File name → text of every page, in the forms that HAProxy reads. */
export function readPages(): Map<string, string> {
  const pages = new Map<string, string>();
  for (const file of readdirSync(pagesFolder).sort()) {
    const html = readFileSync(join(pagesFolder, file), 'utf8');
    const name = file.replace(/\.html$/, '');
    if (wholeAnswers.includes(name)) pages.set(`${name}.http`, wholeAnswer(html));
    else pages.set(file, html);
  }
  return pages;
}

function wholeAnswer(html: string): string {
  return [
    'HTTP/1.1 503 Service Unavailable',
    'Content-Type: text/html; charset=utf-8',
    'Cache-Control: no-store',
    `Content-Length: ${Buffer.byteLength(html)}`,
    '',
    html,
  ].join('\r\n');
}

/** Makes the folder. @returns a path to it that is short enough for sockets in it */
export function prepareFolder(folder: string, runFolder: string): string {
  mkdirSync(join(folder, 'pages'), { recursive: true });
  // Seen by HAProxy's workers, which run as a user of their own, to reach our socket in it.
  chmodSync(folder, 0o755);
  if (Buffer.byteLength(folder) <= LONGEST_FOLDER) return folder;
  mkdirSync(runFolder, { recursive: true });
  const link = join(runFolder, 'router');
  if (lstatSync(link, { throwIfNoEntry: false })) rmSync(link);
  symlinkSync(folder, link);
  return link;
}

export interface Files {
  /** Everything a restarted HAProxy needs to come up with this table. */
  write(settings: RouterSettings, table: Table): Promise<void>;
}

export function createFiles(folder: string): Files {
  const written = new Map<string, string>();

  /** Never half a file: HAProxy may be reading. */
  async function put(name: string, text: string): Promise<void> {
    if (written.get(name) === text) return;
    const path = join(folder, name);
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    written.set(name, text);
  }

  return {
    async write(settings, table) {
      const picture = pictureOf(table);
      for (const [name, text] of settings.pages) await put(join('pages', name), text);
      await Promise.all([
        put('haproxy.cfg', configText(settings, table.pool, picture)),
        put('places.map', mapText(picture.places)),
      ]);
    },
  };
}
