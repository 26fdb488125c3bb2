// What a server that is not root cannot raise itself: run by root before each of its starts as a service,
// `node dist/raise-user-limits.js`.
import { raiseUserLimits } from './engine/user-limits.ts';

await raiseUserLimits({ onProblem: (message) => console.error(message) });
