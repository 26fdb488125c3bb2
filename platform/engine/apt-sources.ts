// Reading apt's two forms of package sources: one-line (.list) and deb822 (.sources).

export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
  /** Keyring or key, empty when not named. */
  signedBy: string;
}

/** `deb [signed-by=…] http://mirror.example/debian bookworm main contrib` */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line);
    if (!match) return [];
    const [, options = '', uri, suite, components] = match;
    return {
      uri: uri!,
      suite: suite!,
      components: words(components!),
      signedBy: /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? '',
    };
  });
}

/** Stanzas of `Key: value`, continued on indented lines. */
export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = fields(stanza);
    const on = !/^(no|false|0|off)$/i.test(field.get('enabled')?.trim() ?? 'yes');
    if (!on || !words(field.get('types') ?? '').includes('deb')) return [];
    const components = words(field.get('components') ?? '');
    const signedBy = (field.get('signed-by') ?? '').trim();
    return words(field.get('uris') ?? '').flatMap((uri) =>
      words(field.get('suites') ?? '').map((suite) => ({ uri, suite, components, signedBy })),
    );
  });
}

function fields(stanza: string): Map<string, string> {
  const found = new Map<string, string>();
  let key = '';
  for (const line of stanza.split('\n').filter((line) => !line.startsWith('#'))) {
    const match = /^([A-Za-z][A-Za-z-]*):(.*)$/.exec(line);
    if (match) key = match[1]!.toLowerCase();
    found.set(key, `${found.get(key) ?? ''} ${match ? match[2] : line}`);
  }
  return found;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
