// app.json, which says how a new app begins: buildpacks, config vars, formation, a script after the first deploy.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { acceptableConfig, type ConfigVars } from '../domain/config-vars.ts';
import type { Declared } from '../domain/declared.ts';
import { messageOf } from '../domain/errors.ts';
import { cronOf } from './cron-entries.ts';
import { type FirstFormation, formationOf } from './formation.ts';
import { healthChecksOf } from './healthchecks.ts';
import { processSettingsOf } from './process-settings.ts';

export interface AppJson {
  buildpacks: readonly string[];
  env: Readonly<Record<string, EnvEntry>>;
  formation: FirstFormation;
  postdeploy: string | null;
  /** Of every build, where the rest is of a new app's first. */
  declared: Declared;
  addons: readonly Addon[];
}

/** What the app expects beside itself. */
interface Addon {
  /** Without its plan, such as heroku-postgresql. */
  service: string;
  /** The config var that its address is in, where that is known. */
  variable: string | null;
}

interface EnvEntry {
  value?: string | undefined;
  required: boolean;
  secret: boolean;
  description?: string | undefined;
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const envEntry = z
  .object({
    value: scalar.nullish(),
    required: z.boolean().default(true),
    generator: z.string().optional(),
    description: z.string().optional(),
  })
  .transform(
    ({ value, required, generator, description }): EnvEntry => ({
      value: value ?? undefined,
      required,
      secret: generator === 'secret',
      description,
    }),
  );
/** `DATABASE` and the like is how an app calls one of several; its address is then in `DATABASE_URL`. */
const addon = z
  .union([
    z.string().transform((plan) => ({ plan, as: undefined })),
    z.object({ plan: z.string(), as: z.string().optional() }),
  ])
  .transform(({ plan, as }): Addon => {
    const service = plan.split(':')[0]!.trim();
    return { service, variable: as ? `${as}_URL` : (usualVariable[service] ?? null) };
  });

/** The config vars of the add-ons that many apps name; of others only their makers know. */
const usualVariable: Readonly<Record<string, string>> = {
  'heroku-postgresql': 'DATABASE_URL',
  'heroku-redis': 'REDIS_URL',
  'heroku-kafka': 'KAFKA_URL',
  jawsdb: 'JAWSDB_URL',
  'jawsdb-maria': 'JAWSDB_MARIA_URL',
  cleardb: 'CLEARDB_DATABASE_URL',
  rediscloud: 'REDISCLOUD_URL',
  cloudamqp: 'CLOUDAMQP_URL',
  memcachier: 'MEMCACHIER_SERVERS',
};

/** Part by part: one that is something else does not take the others with it. */
const parts = {
  buildpacks: z.array(z.object({ url: z.string().min(1) }).transform(({ url }) => url)),
  env: z.record(
    z.string(),
    z.union([scalar.transform((value): EnvEntry => ({ value, required: true, secret: false })), envEntry]),
  ),
  addons: z.array(addon),
  scripts: z.object({
    postdeploy: z
      .union([z.string(), z.object({ command: z.string() }).transform((one) => one.command)])
      .optional(),
  }),
};

/**
 * Other tools have files of this name too, so what cannot be read is no failure.
 * @param warn a sentence for the pusher
 */
export function parseAppJson(text: string, warn: (sentence: string) => void): AppJson {
  const content = readObject(text, warn);
  function part<T>(name: keyof typeof parts, schema: z.ZodType<T>, otherwise: T): T {
    if (content[name] === undefined) return otherwise;
    const result = schema.safeParse(content[name]);
    if (result.success) return result.data;
    const { path, message } = result.error.issues[0]!;
    warn(`app.json: ${[name, ...path].join('.')} is not used: ${message}.`);
    return otherwise;
  }
  return {
    buildpacks: part('buildpacks', parts.buildpacks, []),
    env: part('env', parts.env, {}),
    formation: formationOf(content['formation'], warn),
    postdeploy: part('scripts', parts.scripts, {}).postdeploy?.trim() || null,
    declared: {
      ...healthChecksOf(content['healthchecks'], warn),
      ...cronOf(content['cron'], warn),
      ...processSettingsOf(content['process_settings']),
    },
    addons: part('addons', parts.addons, []),
  };
}

function readObject(text: string, warn: (sentence: string) => void): Record<string, unknown> {
  try {
    const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    if (typeof content === 'object' && content !== null && !Array.isArray(content))
      return content as Record<string, unknown>;
    warn('app.json is not used: it is not an object.');
  } catch (error) {
    warn(`app.json is not used: it is not valid JSON (${messageOf(error)}).`);
  }
  return {};
}

/**
 * What the app's own config vars do not say: given values, and secrets made now. What is needed and has no value is told
 * and holds nothing up: Heroku asks for it when it creates an app, and not at a push.
 */
export function envDefaults(
  { env }: AppJson,
  config: ConfigVars,
  warn: (sentence: string) => void,
): Record<string, string> {
  const missing = Object.entries(env).filter(([name]) => !Object.hasOwn(config, name));
  const given: [name: string, value: string][] = [];
  const lacking: string[] = [];
  for (const [name, { value, secret, required, description }] of missing) {
    if (value !== undefined && value !== '') given.push([name, value]);
    else if (secret) given.push([name, randomBytes(32).toString('hex')]);
    else if (required) lacking.push(`${name}${description ? ` (${description.slice(0, 200)})` : ''}`);
  }
  if (lacking.length > 0) {
    const names = lacking.map((one) => one.split(' ')[0]);
    warn(
      `app.json says that this app needs ${lacking.join(', ')}. Set ${lacking.length === 1 ? 'it' : 'them'}: twelve config:set ${names.map((name) => `${name}=…`).join(' ')}`,
    );
  }
  return acceptableConfig(config, Object.fromEntries(given), (sentence) => warn(`app.json: ${sentence}`));
}

/** What app.json counts on and nobody makes here: each one whose address the app does not have yet, and what to do. */
export function tellAddons({ addons }: AppJson, config: ConfigVars, warn: (sentence: string) => void): void {
  const lacking = addons.filter(({ variable }) => variable === null || !config[variable]).slice(0, 20);
  if (lacking.length === 0) return;
  const names = lacking.map(({ service }) => service.replace(/\s+/g, ' ').slice(0, 100));
  const variables = [...new Set(lacking.flatMap(({ variable }) => variable ?? []))];
  const command = variables.map((name) => `${name}=…`).join(' ');
  const one = lacking.length === 1;
  warn(
    `app.json names ${one ? 'an add-on' : 'add-ons'} that ${one ? 'is' : 'are'} not provided here: ${names.join(', ')}. ` +
      `Run ${one ? 'such a service' : 'such services'} elsewhere and give the app ${one ? 'its address' : 'their addresses'}: ` +
      (command ? `twelve config:set ${command}` : 'twelve config:set with the config vars that it reads'),
  );
}
