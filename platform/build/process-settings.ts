// `process_settings` of app.json: what `ps:set` sets, as the app's own word. What cannot be used refuses the build.
import { z } from 'zod';
import { messageOf, type PlatformError } from '../domain/errors.ts';
import { changeSettings, type WrittenSettings } from '../domain/process-settings.ts';
import { buildFailed } from './failures.ts';

/** `"order": ["worker", "web"]` reads better than one text. */
const value = z.union(
  [
    z.string().trim().min(1, 'it is empty'),
    z.number().transform(String),
    z.boolean().transform((on) => (on ? 'on' : 'off')),
    z
      .array(z.string())
      .min(1)
      .transform((list) => list.join(',')),
  ],
  'it must be a text, a number, true or false, or a list of texts',
);
const all = z.record(z.string(), value, 'it must be an object such as {"rollout.worker": "overlap"}');

/** @throws PlatformError `build_failed` (E21) naming the key */
export function processSettingsOf(written: unknown): { settings?: WrittenSettings } {
  if (written === undefined || written === null) return {};
  if (typeof written === 'object' && Object.hasOwn(written, '__proto__'))
    throw unusable('process_settings: There is no setting "__proto__".');
  const result = all.safeParse(written);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw unusable(`${['process_settings', ...path].map(String).join('.').slice(0, 100)}: ${message}.`);
  }
  try {
    const settings = changeSettings({}, result.data);
    return Object.keys(settings).length > 0 ? { settings } : {};
  } catch (error) {
    throw unusable(`process_settings: ${messageOf(error)}`);
  }
}

function unusable(sentence: string): PlatformError {
  return buildFailed('E21', `app.json: ${sentence}`);
}
