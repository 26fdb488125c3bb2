// What the log says of one-off processes, in Heroku's words.
import type { ContainerSummary } from '../engine/engine.ts';
import { label, releaseOf } from '../engine/labels.ts';
import type { ProcessNeeds } from './needs.ts';

type Of = Pick<ContainerSummary, 'labels'>;

export interface OneOffLines {
  starting(container: Of): void;
  up(container: Of): void;
  /** @param begun false: its command never began */
  ended(container: Of, status: number, begun?: boolean): void;
  say(container: Of, text: string): void;
}

/** How the line of an end begins; whose end, its process says. */
export const exitedWith = 'Process exited with status ';

export function createOneOffLines(logs: Pick<ProcessNeeds['logs'], 'write'>): OneOffLines {
  function say(container: Of, text: string): void {
    const { [label.app]: appId = '', [label.process]: process = '' } = container.labels;
    logs.write(appId, { source: 'twelve', process, text, release: releaseOf(container) });
  }
  return {
    starting: (container) =>
      say(container, `Starting process with command \`${container.labels[label.command]}\``),
    up: (container) => say(container, 'State changed from starting to up'),
    ended(container, status, begun = true) {
      say(container, `${exitedWith}${status}`);
      say(container, `State changed from ${begun ? 'up' : 'starting'} to complete`);
    },
    say,
  };
}
