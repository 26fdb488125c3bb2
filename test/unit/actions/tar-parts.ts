// A tar taken apart into its entries and put together again, so that one of them can be another.
import { createReadStream } from 'node:fs';
import { extract, type Header, pack } from 'tar-stream';

export interface Part {
  name: string;
  content: Buffer;
  type?: Header['type'];
  linkname?: string;
}

export async function partsOf(file: string): Promise<Part[]> {
  const parts: Part[] = [];
  const reader = extract();
  createReadStream(file).pipe(reader as unknown as NodeJS.WritableStream);
  for await (const entry of reader) {
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    parts.push({ name: entry.header.name, content: Buffer.concat(pieces) });
  }
  return parts;
}

export async function tarOf(parts: readonly Part[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of parts) tar.entry(header, content);
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
