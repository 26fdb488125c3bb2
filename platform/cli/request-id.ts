// A request's own id, in the form of a UUID: like no other of this caller's, and no secret.

/** Not from node:crypto, of which eighteen files would be loaded for it before anything is sent. */
export function newRequestId(): string {
  const hex = (digits: number): string =>
    Math.floor(Math.random() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`;
}
