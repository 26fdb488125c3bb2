// The little programs the contract runs. A real engine runs the command; the in-memory one is taught what it does.

const shell = (script: string): string[] => ['/bin/sh', '-c', script];

export const programs = {
  /** Runs until signalled; TERM ends it with 143. */
  sleeps: ['/bin/sleep', '1000'],
  /** Says so and exits with 3 when asked to end. */
  obeys: shell('trap "echo asked to end; exit 3" TERM; echo ready; while :; do sleep 0.05; done'),
  /** Two processes, each saying so when it is asked to end. */
  family: shell(
    '(trap "echo child asked; exit 0" TERM; echo child; while :; do sleep 0.05; done) & ' +
      'trap "wait; echo parent asked; exit 0" TERM; echo parent; while :; do sleep 0.05; done',
  ),
  /** Must be killed. */
  ignores: shell('trap "" TERM; echo ready; while :; do sleep 0.2; done'),
  /** Says which signal it got, and goes on. */
  listens: shell('trap "echo got USR1" USR1; echo ready; while :; do sleep 0.05; done'),
  succeeds: ['/bin/true'],
  fails: shell('exit 7'),
  prints: shell('echo one; echo two; echo three'),
  /** stdin to stdout, then a word on stderr. */
  echoes: shell('cat; echo end of input >&2; exit 4'),
  /** Takes more memory than it may have. */
  hungry: ['/bin/bash', '-c', 'x=$(head -c 200000000 /dev/zero | tr "\\0" x)'],
  missing: ['/no/such/program'],
} satisfies Record<string, string[]>;

/** What the contract runs by `exec`. */
export const inside = shell('echo from inside; exit 5');

/** What the contract runs by `enter`. */
export const guests = {
  echoes: programs.echoes,
  sleeps: programs.sleeps,
  /** Says that it was asked, and ends by it. */
  told: shell('trap "echo got USR1; exit 9" USR1; echo ready; while :; do sleep 0.05; done'),
  /** Says each new size of its terminal, until it is told to end. */
  measures: shell('trap "stty size" WINCH; stty -echo; echo ready; while :; do sleep 0.05; done'),
  variable: shell('echo "$WORD $(id -u)"'),
} satisfies Record<string, string[]>;

export type ProgramName = keyof typeof programs;
