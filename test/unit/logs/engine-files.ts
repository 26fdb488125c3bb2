// Writes log files as the engine's json-file driver does: entries, pieces of long lines, rotation by renaming.
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EngineFiles {
  path: string;
  print(text: string, options?: { stream?: 'stdout' | 'stderr'; end?: string; time?: string }): void;
  /** Bytes as they are, for what an engine leaves behind when it is killed. */
  raw(bytes: string | Buffer): void;
  rotate(): void;
  remove(): void;
}

export function writeEngineFiles(
  folder: string,
  options: { maxBytes?: number; maxFiles?: number } = {},
): EngineFiles {
  const { maxBytes = Number.POSITIVE_INFINITY, maxFiles = 3 } = options;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'container-json.log');
  let file = openSync(path, 'a');
  let size = 0;
  let printed = 0;

  function raw(bytes: string | Buffer): void {
    const data = Buffer.from(bytes);
    writeSync(file, data);
    size += data.length;
  }

  function rotate(): void {
    closeSync(file);
    for (let number = maxFiles - 1; number > 1; number--) {
      if (existsSync(`${path}.${number - 1}`)) renameSync(`${path}.${number - 1}`, `${path}.${number}`);
    }
    if (maxFiles > 1) renameSync(path, `${path}.1`);
    file = openSync(path, 'w');
    size = 0;
  }

  return {
    path,
    print(text, { stream = 'stdout', end = '\n', time } = {}) {
      if (size >= maxBytes) rotate();
      const at = time ?? new Date(1_795_000_000_000 + printed).toISOString().replace('Z', '456789Z');
      printed++;
      raw(`${JSON.stringify({ log: text + end, stream, time: at })}\n`);
    },
    raw,
    rotate,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface TemporaryFolder {
  path: string;
  [Symbol.dispose](): void;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), 'twelve-logs-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
