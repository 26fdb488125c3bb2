// What a client says of its terminal when it runs something: whether it has one, its size, variables on top.
import { z } from 'zod';

const whole = z.number().int().min(1).max(9999);

export const terminalFields = {
  env: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  force_no_tty: z.boolean().nullish(),
  columns: whole.optional(),
  rows: whole.optional(),
};

type Given = z.infer<z.ZodObject<typeof terminalFields>>;

/** Heroku's clients tell the size among the variables, ours beside them. */
export function callerTerminal(given: Given, attach: boolean) {
  const { COLUMNS, LINES, ...env } = given.env ?? {};
  const tty = attach && given.force_no_tty !== true;
  const columns = given.columns ?? Number(COLUMNS);
  const rows = given.rows ?? Number(LINES);
  return {
    tty,
    window: tty && columns > 0 && rows > 0 ? { columns, rows } : null,
    env: Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value)])),
  };
}
