// One entry of the engine's json-file log → bytes of text, stream and time. Pure; made for speed.

/** The entry decoded last; reused for every one, so read it before decoding the next. */
export interface Entry {
  text: Buffer;
  length: number;
  /** False: the engine cut a long line here, the rest follows in the next entry of the same stream. */
  terminated: boolean;
  stderr: boolean;
  /** Microseconds since the epoch. */
  time: number;
}

export interface EntryDecoder {
  entry: Entry;
  /** Decodes `bytes[start, end)`, a line of the file without its newline. False when it is no entry. */
  decode(bytes: Buffer, start: number, end: number): boolean;
}

const head = Buffer.from('{"log":"');
const streamKey = Buffer.from('","stream":"std');
const timeKey = Buffer.from('","time":"');
const backslash = 0x5c;
const quote = 0x22;

export function createEntryDecoder(): EntryDecoder {
  const entry: Entry = {
    text: Buffer.allocUnsafe(128 * 1024),
    length: 0,
    terminated: true,
    stderr: false,
    time: 0,
  };
  const readTime = createTimeReader();

  function ensure(size: number): void {
    if (entry.text.length < size) entry.text = Buffer.allocUnsafe(size * 2);
  }

  /** `{"log":"…\n","stream":"stdout","time":"…Z"}`, as every engine writes it unless asked for more. */
  function common(bytes: Buffer, start: number, end: number): boolean {
    if (!holds(bytes, start, head) || bytes[end - 1] !== 0x7d || bytes[end - 2] !== quote) return false;
    let timeStart = end - 2;
    const limit = Math.max(start + head.length, end - 40);
    while (timeStart > limit && bytes[timeStart - 1] !== quote) timeStart--;
    const keyStart = timeStart - timeKey.length;
    // The stream's name is `stdout` or `stderr`; its last three letters stand before the time.
    const textEnd = keyStart - 3 - streamKey.length;
    if (textEnd < start + head.length) return false;
    if (!holds(bytes, keyStart, timeKey) || !holds(bytes, textEnd, streamKey)) return false;
    const time = readTime(bytes, timeStart, end - 2);
    if (time < 0) return false;
    ensure(end - start);
    const length = unescapeText(bytes, start + head.length, textEnd, entry.text);
    if (length < 0) return false;
    entry.time = time;
    entry.stderr = bytes[keyStart - 3] === 0x65;
    finish(length);
    return true;
  }

  function finish(length: number): void {
    entry.terminated = length > 0 && entry.text[length - 1] === 0x0a;
    entry.length = entry.terminated ? length - 1 : length;
  }

  /** Any other JSON of the same meaning: further attributes, other order, spaces. */
  function general(bytes: Buffer, start: number, end: number): boolean {
    let parsed: { log?: unknown; stream?: unknown; time?: unknown } | null;
    try {
      parsed = JSON.parse(bytes.toString('utf8', start, end));
    } catch {
      return false;
    }
    if (typeof parsed !== 'object' || typeof parsed?.log !== 'string') return false;
    const size = Buffer.byteLength(parsed.log);
    ensure(size);
    entry.text.write(parsed.log);
    const stamp = Buffer.from(typeof parsed.time === 'string' ? parsed.time : '');
    const time = readTime(stamp, 0, stamp.length);
    entry.time = time >= 0 ? time : (Date.parse(stamp.toString()) || Date.now()) * 1000;
    entry.stderr = parsed.stream === 'stderr';
    finish(size);
    return true;
  }

  return {
    entry,
    decode: (bytes, start, end) => common(bytes, start, end) || general(bytes, start, end),
  };
}

function holds(bytes: Buffer, at: number, expected: Buffer): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}

/** The text of a JSON string as UTF-8. Returns its length, or -1 when an escape is not one. */
function unescapeText(bytes: Buffer, start: number, end: number, out: Buffer): number {
  let to = 0;
  let at = start;
  while (at < end) {
    const byte = bytes[at++]!;
    if (byte !== backslash) {
      // Only a torn entry with another behind it holds a bare quote.
      if (byte === quote) return -1;
      out[to++] = byte;
      continue;
    }
    const letter = bytes[at++]!;
    if (letter === 0x6e) out[to++] = 0x0a;
    else if (letter === 0x75) {
      let code = hex4(bytes, at);
      if (code < 0 || at + 4 > end) return -1;
      at += 4;
      if (code >= 0xd800 && code <= 0xdfff) {
        const low = bytes[at] === backslash && bytes[at + 1] === 0x75 ? hex4(bytes, at + 2) : -1;
        if (code < 0xdc00 && low >= 0xdc00 && low <= 0xdfff) {
          code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          at += 6;
        } else code = 0xfffd;
      }
      to = putCodePoint(out, to, code);
    } else {
      const plain = simpleEscapes[letter];
      if (plain === undefined) return -1;
      out[to++] = plain;
    }
  }
  return at === end ? to : -1;
}

const simpleEscapes: Readonly<Record<number, number>> = {
  [quote]: quote,
  [backslash]: backslash,
  47: 47, // solidus
  98: 8, // b
  102: 12, // f
  114: 13, // r
  116: 9, // t
};

function hex4(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i]! | 0x20;
    const digit = byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : byte >= 0x61 && byte <= 0x66 ? byte - 87 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

function putCodePoint(out: Buffer, at: number, code: number): number {
  let to = at;
  if (code < 0x80) out[to++] = code;
  else if (code < 0x800) {
    out[to++] = 0xc0 | (code >> 6);
    out[to++] = 0x80 | (code & 63);
  } else if (code < 0x1_0000) {
    out[to++] = 0xe0 | (code >> 12);
    out[to++] = 0x80 | ((code >> 6) & 63);
    out[to++] = 0x80 | (code & 63);
  } else {
    out[to++] = 0xf0 | (code >> 18);
    out[to++] = 0x80 | ((code >> 12) & 63);
    out[to++] = 0x80 | ((code >> 6) & 63);
    out[to++] = 0x80 | (code & 63);
  }
  return to;
}

/** `2026-11-23T04:00:00.123456789Z` → microseconds; -1 for another form. Remembers the second, which lines share. */
function createTimeReader(): (bytes: Buffer, start: number, end: number) => number {
  const secondBytes = 19;
  const known = Buffer.alloc(secondBytes);
  let knownMicros = 0;
  return (bytes, start, end) => {
    if (end - start < secondBytes + 1 || bytes[end - 1] !== 0x5a) return -1;
    let i = secondBytes - 1;
    while (i >= 0 && bytes[start + i] === known[i]) i--;
    if (i >= 0) {
      const millis = Date.parse(`${bytes.toString('latin1', start, start + secondBytes)}Z`);
      if (Number.isNaN(millis)) return -1;
      knownMicros = millis * 1000;
      bytes.copy(known, 0, start, start + secondBytes);
    }
    let micros = 0;
    let digits = 0;
    for (let at = start + secondBytes + 1; at < end - 1 && digits < 6; at++, digits++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return -1;
      micros = micros * 10 + digit;
    }
    for (; digits < 6; digits++) micros *= 10;
    return knownMicros + micros;
  };
}
