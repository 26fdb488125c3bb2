// What a client of a chaos run is told to do, and what visitors see if it is done.

import { oneOff } from '../support/said.ts';
import type { Change } from './plan.ts';

/** What a visitor sees: of the code, of the config. */
export interface Served {
  note: string;
  config: Record<string, string>;
}

export interface State extends Served {
  /** How many web processes. */
  web: number;
  /** Of each of them. */
  size: string;
}

export interface Order {
  /** Of git for a push, else of our own command line. */
  args: string[];
  wanted: State;
}

/** @param back what a rollback goes to; without one it is a config change */
export function orderOf(
  change: Change,
  state: State,
  id: number,
  back: { version: number; served: Served } | undefined,
): Order {
  switch (change) {
    case 'push':
      return { args: ['push', '-f', 'platform', 'main'], wanted: { ...state, note: String(id) } };
    case 'rollback':
      return back
        ? { args: ['rollback', `v${back.version}`], wanted: { ...state, ...back.served } }
        : setting(state, id);
    case 'config':
      return setting(state, id);
    case 'scale': {
      const web = (state.web % 3) + 1;
      return { args: ['ps:scale', `web=${web}`], wanted: { ...state, web } };
    }
    case 'resize': {
      const size = state.size === 'standard-2x' ? 'standard-1x' : 'standard-2x';
      return { args: ['ps:resize', `web=${size}`], wanted: { ...state, size } };
    }
    case 'restart':
      return { args: ['ps:restart'], wanted: state };
    case 'run':
      return { args: ['run', oneOff], wanted: state };
    case 'detached':
      return { args: ['run:detached', oneOff], wanted: state };
  }
}

/** One of a handful, so that each has been set, left alone, and set again. */
function setting(state: State, id: number): Order {
  const name = `VAR_${id % 6}`;
  const config = { ...state.config, [name]: String(id) };
  return { args: ['config:set', `${name}=${id}`], wanted: { ...state, config } };
}
