// The token in an Authorization header, for everybody who is asked with one: Bearer, or Basic with the token as password (git, older clients).

/** Null when there is none, or none that can be read. */
export function tokenOf(header: string | undefined): string | null {
  const [, scheme, value] = /^(bearer|basic) +(\S+) *$/i.exec(header ?? '') ?? [];
  if (!scheme || !value) return null;
  if (scheme.toLowerCase() === 'bearer') return value;
  if (!/^[A-Za-z0-9+/_-]+=*$/.test(value)) return null;
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return colon < 0 ? null : decoded.slice(colon + 1) || null;
}
