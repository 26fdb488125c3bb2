// Docker's framing of stdout and stderr on one stream: 8 bytes of head (kind, 0, 0, 0, length), then the bytes.

export type OutputKind = 'stdout' | 'stderr';

/**
 * Returns a function that takes chunks as they come and hands on what is inside, piece by piece: frames may be
 * larger than memory should hold, and a chunk may end anywhere, also inside a head.
 */
export function createDemultiplexer(
  onPiece: (kind: OutputKind, piece: Buffer) => void,
): (chunk: Buffer) => void {
  const head = Buffer.alloc(8);
  let headBytes = 0;
  let kind: OutputKind = 'stdout';
  let left = 0;
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) {
      if (left > 0) {
        const piece = chunk.subarray(at, at + left);
        left -= piece.length;
        at += piece.length;
        onPiece(kind, piece);
        continue;
      }
      const copied = chunk.copy(head, headBytes, at, at + 8 - headBytes);
      headBytes += copied;
      at += copied;
      if (headBytes === 8) {
        kind = head[0] === 2 ? 'stderr' : 'stdout';
        left = head.readUInt32BE(4);
        headBytes = 0;
      }
    }
  };
}
