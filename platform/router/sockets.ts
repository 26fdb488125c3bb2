// HAProxy's command sockets: each container has two of its own, and a link of either kind leads to those of the one that serves.
import { lstatSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

const kinds = ['admin', 'master'] as const;

/** A container's sockets by its name for them; without one the link that leads to those of the one that serves. */
export function socketName(kind: (typeof kinds)[number], name?: string): string {
  return name === undefined ? `${kind}.sock` : `${kind}-${name}.sock`;
}

/** What the sockets of a container are called afterwards that had them in the place of the links. */
const before = 'before';

export interface Sockets {
  /** What they are called of a container that may have given them this name; undefined: there are none. */
  of(name: string): string | undefined;
  leadsTo(name: string): boolean;
  /** Leads to these from now on, which may be yet to come. */
  leadTo(name: string): void;
  /** The masters' of containers that served before. */
  formerMasters(): string[];
  /** What containers left that are gone. */
  clearFormer(): void;
}

export function socketsIn(folder: string): Sockets {
  const path = (file: string): string => join(folder, file);

  /** A version without links had the socket itself there, and whoever listens at it goes on under any name. */
  function giveWay(kind: (typeof kinds)[number]): void {
    const found = lstatSync(path(socketName(kind)), { throwIfNoEntry: false });
    if (!found || found.isSymbolicLink()) return;
    renameSync(path(socketName(kind)), path(socketName(kind, before)));
  }

  function target(): string | undefined {
    const found = lstatSync(path(socketName('admin')), { throwIfNoEntry: false });
    if (!found?.isSymbolicLink()) return undefined;
    return /^admin-(.+)\.sock$/.exec(readlinkSync(path(socketName('admin'))))?.[1];
  }

  function link(kind: (typeof kinds)[number], name: string): void {
    const made = path(`${socketName(kind)}.new`);
    rmSync(made, { force: true });
    symlinkSync(socketName(kind, name), made);
    renameSync(made, path(socketName(kind)));
  }

  const isThere = (name: string): boolean =>
    lstatSync(path(socketName('admin', name)), { throwIfNoEntry: false }) !== undefined;

  const others = (pattern: RegExp): string[] => {
    const kept = target();
    return readdirSync(folder).filter((file) => {
      const name = pattern.exec(file)?.[1];
      return name !== undefined && name !== kept;
    });
  };

  return {
    of(name) {
      if (isThere(name)) return name;
      for (const kind of kinds) giveWay(kind);
      return isThere(before) ? before : undefined;
    },
    leadsTo: (name) => target() === name,
    leadTo(name) {
      for (const kind of kinds) {
        giveWay(kind);
        link(kind, name);
      }
    },
    formerMasters: () => others(/^master-(.+)\.sock$/),
    clearFormer() {
      for (const file of others(/^(?:admin|master)-(.+)\.sock$/)) rmSync(path(file), { force: true });
    },
  };
}
