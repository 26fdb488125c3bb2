// The named steps of what changes an app, in order. Each is told when it is reached; fault tests end us there.

export const deploySteps = ['claimed', 'built', 'packed'] as const;

/** Of every release: a push, a config change, a rollback. */
export const releaseSteps = [
  'appended',
  'release-phase',
  'prepare',
  'swap',
  'switch',
  'commit',
  'retire',
] as const;

/** Of every change of what runs, scaling too. */
export const processSteps = ['create', 'start', 'up', 'stop', 'remove'] as const;

/** Of a push once its release has ended: git moves the branch, and nobody but the note beside its refs knows whether it did. */
export const branchSteps = ['decided', 'answered', 'moved'] as const;

/** Of a scale, a resize or a restart whose processes failed: the formation of before is put back. */
export const changeSteps = ['back'] as const;

export const steps = [
  ...deploySteps,
  ...releaseSteps,
  ...processSteps,
  ...branchSteps,
  ...changeSteps,
] as const;
export type Step = (typeof steps)[number];
