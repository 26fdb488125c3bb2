// What differs between two releases, and how it is shown: secrets by name, never by value unless asked.
import { masked } from '../domain/config-vars.ts';
import type { ConfigVars, Release, Slug } from './v3.ts';

export interface ReleaseFacts {
  release: Release;
  slug: Slug | null;
  config: ConfigVars;
}

/** Null on one side: it is not there. */
export interface Change {
  name: string;
  from: string | null;
  to: string | null;
}

export interface ReleaseDiff {
  from: number;
  to: number;
  slug: Change | null;
  commit: Change | null;
  process_types: Change[];
  config_vars: Change[];
}

export function diffReleases(from: ReleaseFacts, to: ReleaseFacts, reveal: boolean): ReleaseDiff {
  const hide = (value: string | null): string | null => (value === null || reveal ? value : masked);
  return {
    from: from.release.version,
    to: to.release.version,
    slug: change('slug', from.slug?.id ?? null, to.slug?.id ?? null),
    commit: change('commit', commitOf(from.slug), commitOf(to.slug)),
    process_types: changes(from.slug?.process_types ?? {}, to.slug?.process_types ?? {}),
    config_vars: changes(from.config, to.config).map((one) => ({
      name: one.name,
      from: hide(one.from),
      to: hide(one.to),
    })),
  };
}

function commitOf(slug: Slug | null): string | null {
  if (!slug?.commit) return null;
  return `${slug.commit.slice(0, 8)} ${slug.commit_description ?? ''}`.trim();
}

function change(name: string, from: string | null, to: string | null): Change | null {
  return from === to ? null : { name, from, to };
}

function changes(from: Readonly<Record<string, string>>, to: Readonly<Record<string, string>>): Change[] {
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .sort()
    .map((name) =>
      change(
        name,
        Object.hasOwn(from, name) ? from[name]! : null,
        Object.hasOwn(to, name) ? to[name]! : null,
      ),
    )
    .filter((one) => one !== null);
}

/** `-` gone, `+` new; what changed shows as both. */
export function renderDiff(diff: ReleaseDiff, color: boolean): string {
  const paint = (code: number, text: string): string => (color ? `\x1b[${code}m${text}\x1b[39m` : text);
  const lines = (title: string, list: readonly (Change | null)[], separator: string): string[] => {
    const real = list.filter((one) => one !== null);
    if (real.length === 0) return [];
    return [
      '',
      `=== ${title}`,
      ...real.flatMap(({ name, from, to }) => [
        ...(from === null ? [] : [paint(31, `- ${name}${separator}${from}`)]),
        ...(to === null ? [] : [paint(32, `+ ${name}${separator}${to}`)]),
      ]),
    ];
  };
  const body = [
    ...lines('Code', [diff.commit, diff.slug], ': '),
    ...lines('Process types', diff.process_types, ': '),
    ...lines('Config vars', diff.config_vars, '='),
  ];
  const head = `v${diff.from} → v${diff.to}`;
  return `${[head, ...(body.length > 0 ? body : ['', 'Nothing differs: same slug, same config.'])].join('\n')}\n`;
}
