// What was typed or piped and may have to be sent again: kept until the process has it.

export interface KeptInput {
  push(bytes: Uint8Array): void;
  /** The process has had so many bytes from the beginning. */
  taken(bytes: number): void;
  /** What it has not had yet. */
  rest(): Uint8Array[];
  /** Bytes of that. */
  size(): number;
}

export function createKeptInput(): KeptInput {
  const parts: Uint8Array[] = [];
  let first = 0;
  let size = 0;
  return {
    push(bytes) {
      parts.push(bytes);
      size += bytes.length;
    },
    taken(bytes) {
      let more = Math.min(bytes - first, size);
      if (more <= 0) return;
      first += more;
      size -= more;
      while (more > 0) {
        const part = parts[0]!;
        if (part.length > more) parts[0] = part.subarray(more);
        else parts.shift();
        more -= Math.min(more, part.length);
      }
    },
    rest: () => parts,
    size: () => size,
  };
}
