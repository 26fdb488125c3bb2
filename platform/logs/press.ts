// Compresses segments that get no further line, one after another, beside everything else.
import { renameSync, rmSync, unlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { type Block, storedIndex } from './blocks.ts';
import { blocksOf, pressedEnd, readPiece, type Segment } from './segment-file.ts';

export interface Presser {
  /** @param resized told by how many bytes the files on the disk grew */
  add(segment: Segment, kept: () => boolean, resized: (bytes: number) => void): void;
  /** Everything that was added is done. */
  idle(): Promise<void>;
  /** What is being done is given up; the next start does it. */
  close(): Promise<void>;
}

export const pressedEnding = '-pressed';
export const pressingEnding = '-pressing';
const compress = promisify(deflateRaw);
/** The quickest: repeated words, which logs are made of, it finds as well. */
const level = 1;

interface Order {
  segment: Segment;
  kept(): boolean;
  resized(bytes: number): void;
}

export function createPresser(): Presser {
  const orders: Order[] = [];
  const known = new WeakSet<Segment>();
  let closed = false;
  let running: Promise<void> = Promise.resolve();

  async function work(): Promise<void> {
    for (let order = orders[0]; order && !closed; order = orders[0]) {
      // One that cannot be pressed is whole as it is; the next start tries again.
      await press(order).catch(() => clear(order!.segment));
      orders.shift();
    }
  }

  function clear({ path }: Segment): void {
    try {
      rmSync(path + pressingEnding, { force: true });
    } catch {
      // The next start does this, too.
    }
  }

  async function press(order: Order): Promise<void> {
    const { segment } = order;
    const wanted = (): boolean => !closed && order.kept();
    if (!wanted()) return;
    const parts: Buffer[] = [];
    const index: Block[] = [];
    let place = 0;
    for (const block of blocksOf(segment)) {
      const piece = readPiece(segment, block.start);
      const part = await compress(piece!.bytes, { level });
      if (!wanted()) return;
      parts.push(part);
      index.push({ ...block, place, pressed: part.length });
      place += part.length;
    }
    const stored = storedIndex(index);
    const bytes = Buffer.concat([...parts, stored, pressedEnd(stored)]);
    const last = index.at(-1);
    // What is damaged in its middle stays as it was found.
    if (!last || last.start + last.length !== segment.bytes) return;
    await replace(order, bytes, index, wanted);
  }

  /** From the rename on the pressed file counts: a kill before it leaves the one, after it the other. */
  async function replace(
    { segment, resized }: Order,
    bytes: Buffer,
    index: Block[],
    wanted: () => boolean,
  ): Promise<void> {
    const temporary = segment.path + pressingEnding;
    resized(bytes.length);
    try {
      await write(temporary, bytes);
      if (!wanted()) throw new Error('not wanted any more');
      renameSync(temporary, segment.path + pressedEnding);
    } catch (error) {
      resized(-bytes.length);
      throw error;
    }
    const raw = segment.path;
    const before = segment.bytes;
    Object.assign(segment, { path: raw + pressedEnding, bytes: bytes.length, pressed: true, index });
    unlinkSync(raw);
    resized(-before);
  }

  return {
    add(segment, kept, resized) {
      if (closed || segment.pressed || known.has(segment)) return;
      known.add(segment);
      orders.push({ segment, kept, resized });
      if (orders.length === 1) running = work();
    },
    idle: () => running,
    async close() {
      closed = true;
      await running;
    },
  };
}

/** On the disk, power cuts included. */
async function write(path: string, bytes: Buffer): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
