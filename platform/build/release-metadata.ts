// What bin/release prints: default process types and config vars (buildpack reference, section 8).
import { parseDocument } from 'yaml';

export interface ReleaseMetadata {
  processTypes: Record<string, string>;
  configVars: Record<string, string>;
  addons: string[];
}

export const maxReleaseBytes = 64 * 1024;

/** @throws Error with a sentence when it is not the YAML we can use */
export function parseRelease(text: string): ReleaseMetadata {
  if (Buffer.byteLength(text) > maxReleaseBytes) throw new Error('it printed more than 64 KB');
  // The failsafe schema knows strings, lists and maps only: `8080` and `yes` stay what they were.
  const document = parseDocument(text, { schema: 'failsafe' });
  const problem = document.errors[0];
  if (problem) throw new Error(`it did not print valid YAML (${problem.message.split('\n')[0]})`);
  const value: unknown = document.toJS({ maxAliasCount: 20 });
  if (value === null || value === '' || value === undefined)
    return { processTypes: {}, configVars: {}, addons: [] };
  if (typeof value !== 'object' || Array.isArray(value)) throw new Error('it printed YAML that is not a map');
  const keys = value as Record<string, unknown>;
  return {
    processTypes: strings(keys, 'default_process_types'),
    configVars: strings(keys, 'config_vars'),
    addons: Array.isArray(keys['addons']) ? keys['addons'].filter((one) => typeof one === 'string') : [],
  };
}

function strings(keys: Record<string, unknown>, name: string): Record<string, string> {
  const value = keys[name];
  if (value === undefined || value === null || value === '') return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new Error(`its ${name} is not a map of strings`);
  const result: Record<string, string> = {};
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new Error(`its ${name} is not a map of strings (${key})`);
    if (text !== '') Object.defineProperty(result, key, { value: text, enumerable: true });
  }
  return result;
}
