// Where named steps are told; nobody listens but tests that end us at one.
import { channel } from 'node:diagnostics_channel';
import type { Step } from './domain/steps.ts';

const steps = channel('twelve:step');

export const reached = (step: Step): void => steps.publish(step);
