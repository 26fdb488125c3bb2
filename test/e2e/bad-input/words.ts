// What is wrong in words given to the command line: names of apps and config vars, numbers of processes.
import { type Row, twelve } from './row.ts';

const onHello = (...argv: string[]) => twelve([...argv, '-a', 'hello']);
const named = (name: string) => twelve(['apps:create', name, '-n']);
const rule = /is not an app name\. Use 3 to 30 lowercase letters, digits and dashes, starting with a letter/;
const refused = { ends: 'exit 1' } as const;
const misused = { ends: 'exit 2' } as const;

export const appNames: Row[] = [
  { what: 'an app name in capitals', act: named('Hello'), ...refused, says: rule },
  { what: 'an app name of two letters', act: named('ab'), ...refused, says: rule },
  { what: 'an app name of 31 letters', act: named('a'.repeat(31)), ...refused, says: rule },
  { what: 'an app name that begins with a digit', act: named('1st'), ...refused, says: rule },
  { what: 'an app name that ends in a dash', act: named('abc-'), ...refused, says: rule },
  { what: 'an app name with a dot', act: named('a.b.c'), ...refused, says: rule },
  { what: 'an app name in Cyrillic', act: named('привет'), ...refused, says: rule },
  { what: 'an app name that is a path', act: named('../../etc'), ...refused, says: rule },
  { what: 'a reserved app name', act: named('www'), ...refused, says: /"www" is reserved for the platform/ },
  { what: 'a taken app name', act: named('hello'), ...refused, says: /"hello" is taken by another app/ },
];

const name = /is not a config var name\. Use letters, digits and underscores, not starting with a digit/;

export const configNames: Row[] = [
  {
    what: 'a config name that begins with a digit',
    act: onHello('config:set', '1A=x'),
    ...refused,
    says: name,
  },
  { what: 'a config name with a dash', act: onHello('config:set', 'A-B=x'), ...refused, says: name },
  { what: 'a config name with a space', act: onHello('config:set', 'A B=x'), ...refused, says: name },
  { what: 'a config name in Greek', act: onHello('config:set', 'Ωμέγα=x'), ...refused, says: name },
  {
    what: 'one bad name among good ones',
    act: onHello('config:set', 'A=1', 'B-=2', 'C=3'),
    ...refused,
    says: name,
  },
  { what: 'no config name', act: onHello('config:set', '=x'), ...misused, says: /"=x" is not KEY=value/ },
  {
    what: 'no value',
    act: onHello('config:set', 'A'),
    ...misused,
    says: /"A" is not KEY=value[\s\S]*Example: /,
  },
  { what: 'unset of a bad name', act: onHello('config:unset', 'A-B'), ...refused, says: name },
  {
    what: 'a config name of the platform',
    act: onHello('config:set', 'PORT=80'),
    ...refused,
    says: /PORT is set by the platform for every process/,
  },
  {
    what: 'reading a name that is not set',
    act: onHello('config:get', 'NOPE'),
    ...refused,
    says: /no config var NOPE/,
  },
  {
    what: 'unset of what is not set',
    act: onHello('config:unset', 'NOPE'),
    ends: 'exit 0',
    says: /nothing changed/,
  },
];

const scale = (...words: string[]) => onHello('ps:scale', ...words);

export const quantities: Row[] = [
  {
    what: 'scaling an unknown type',
    act: scale('ghost=1'),
    ...refused,
    says: /no process type "ghost"\. Its types: web/,
  },
  {
    what: 'scaling two, one of them unknown',
    act: scale('web=2', 'ghost=1'),
    ...refused,
    says: /no process type "ghost"/,
  },
  {
    what: 'scaling to -1',
    act: scale('web=-1'),
    ...misused,
    says: /web cannot run -1 processes\. For 1 less than now, write web-1/,
  },
  {
    what: 'scaling below none',
    act: scale('web-5'),
    ...refused,
    says: /web cannot run -4 processes\. Scale to 0/,
  },
  {
    what: 'scaling to a fraction',
    act: scale('web=1.5'),
    ...misused,
    says: /"web=1\.5" does not say how many of what\. Write web=3/,
  },
  {
    what: 'scaling to 10,000',
    act: scale('web=10000'),
    ...refused,
    says: /cannot run 10000 processes: the limit is 100/,
  },
  {
    what: 'scaling to a number without end',
    act: scale('web=99999999999'),
    ...refused,
    says: /not a number of processes for web/,
  },
  {
    what: 'scaling to a word',
    act: scale('web=many'),
    ...refused,
    says: /There is no size "many"\. Sizes: standard-1x/,
  },
  {
    what: 'scaling to an unknown size',
    act: scale('web=1:huge'),
    ...refused,
    says: /There is no size "huge"/,
  },
  { what: 'scaling to nothing', act: scale('web='), ...misused, says: /"web=" does not say how many/ },
  {
    what: 'scaling what was never pushed',
    act: twelve(['ps:scale', 'web=1', '-a', 'vars']),
    ...refused,
    says: /vars has no process types yet\. Push first/,
  },
  {
    what: 'stopping what does not run',
    act: onHello('ps:stop', 'ghost.1'),
    ...refused,
    says: /runs no process "ghost\.1"\. "twelve ps" lists/,
  },
  {
    what: 'restarting what does not run',
    act: onHello('ps:restart', 'web.99'),
    ...refused,
    says: /no process "web\.99"/,
  },
];
