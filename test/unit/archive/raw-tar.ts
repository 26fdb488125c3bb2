// Archives byte by byte, with whatever headers a test wants: no library would write most of these. Names are latin1: a byte a letter.

export interface RawEntry {
  name?: string;
  /** The letter of the header: `0` file, `1` hard link, `2` symbolic link, `3` device, `5` folder, `S` sparse, `x` pax, … */
  type?: string;
  linkname?: string;
  content?: string;
  /** What the header says, if that is not how long the content is. */
  size?: number | string;
  mode?: number;
  /** Which headers it claims to be of; `none` is what was there before both. */
  magic?: 'ustar' | 'gnu' | 'none';
}

const block = 512;
const magics = { ustar: 'ustar\x0000', gnu: 'ustar  \0', none: '\0\0\0\0\0\0\0\0' };

export function rawHeader({
  name = 'f',
  type = '0',
  linkname = '',
  content = '',
  size,
  mode = 0o644,
  magic = 'gnu',
}: RawEntry): Buffer {
  const header = Buffer.alloc(block);
  header.write(name.slice(0, 100), 0, 'latin1');
  header.write(`${octal(mode, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100, 'latin1');
  header.write(typeof size === 'string' ? size : sizeField(size ?? content.length), 124, 12, 'latin1');
  header.write(`${octal(1, 11)}\0        ${type}`, 136, 'latin1');
  header.write(linkname.slice(0, 100), 157, 'latin1');
  header.write(magics[magic], 257, 'latin1');
  header.write(`${octal(1, 7)}\0${octal(3, 7)}\0`, 329, 'latin1');
  return summed(header);
}

/** With the sum that its other bytes have. */
export function summed(header: Buffer): Buffer {
  header.write('        ', 148, 'latin1');
  const sum = header.reduce((all, one) => all + one, 0);
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return header;
}

export function rawEntry(entry: RawEntry): Buffer {
  return Buffer.concat([rawHeader(entry), padded(entry.content ?? '')]);
}

/** Records of a pax header before an entry, as they come: nobody looks whether they make sense. */
export function pax(records: readonly (readonly [string, string])[], type = 'x'): Buffer {
  const content = records.map(([key, value]) => paxRecord(key, value)).join('');
  return rawEntry({ name: 'PaxHeaders/f', type, content, magic: 'ustar' });
}

/** GNU's way of saying names of any length: `L` a name, `K` where a link leads. */
export function gnuLong(type: 'L' | 'K', text: string): Buffer {
  return rawEntry({ name: '././@LongLink', type, content: `${text}\0` });
}

export const endOfArchive = Buffer.alloc(2 * block);

export function padded(content: string): Buffer {
  const room = Math.ceil(content.length / block) * block;
  return Buffer.concat([Buffer.from(content, 'latin1')], room);
}

function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (`${length}${rest}`.length !== length) length = `${length}${rest}`.length;
  return `${length}${rest}`;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** What octal digits cannot hold is said in binary, as GNU tar does. */
function sizeField(size: number): string {
  if (size >= 0 && size < 8 ** 11) return `${octal(size, 11)}\0`;
  let rest = BigInt.asUintN(96, BigInt(size)) | (size < 0 ? 0n : 1n << 95n);
  let text = '';
  for (let index = 0; index < 12; index += 1) {
    text = String.fromCharCode(Number(rest & 0xffn)) + text;
    rest >>= 8n;
  }
  return text;
}
