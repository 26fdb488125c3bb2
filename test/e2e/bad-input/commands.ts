// What is wrong in a command line as a whole, and in the server that it finds.
import { against, type Row, twelve } from './row.ts';

const onHello = (...argv: string[]) => twelve([...argv, '-a', 'hello']);
const refused = { ends: 'exit 1' } as const;
const misused = { ends: 'exit 2' } as const;
const env = (given: Record<string, string>) => ({ env: given });
const page = 'text/html; charset=utf-8';
const json = 'application/json';

export const commands: Row[] = [
  {
    what: 'an unknown command',
    act: twelve(['confg:set', 'A=1']),
    ...misused,
    says: /"confg:set" is not a command of twelve\. Did you mean config:set\?/,
  },
  {
    what: 'a command like no other',
    act: twelve(['qwertyuiop']),
    ...misused,
    says: /not a command of twelve\.\n.*"twelve help" lists/,
  },
  {
    what: 'a space for a colon',
    act: twelve(['config', 'set', 'A=1']),
    ...misused,
    says: /joined by a colon: config:set\?/,
  },
  {
    what: 'a missing argument',
    act: onHello('config:set'),
    ...misused,
    says: /config:set needs <KEY=value>\.[\s\S]*Usage: twelve config:set[\s\S]*Example: /,
  },
  { what: 'two missing arguments', act: onHello('releases:diff'), ...misused, says: /needs <from> and <to>/ },
  {
    what: 'an argument too many',
    act: onHello('releases:info', 'v1', 'v2'),
    ...misused,
    says: /does not take "v2"/,
  },
  {
    what: 'an unknown option',
    act: twelve(['apps', '--bogus']),
    ...misused,
    says: /There is no option --bogus here/,
  },
  {
    what: 'an option without its value',
    act: twelve(['ps', '-a']),
    ...misused,
    says: /The option --app needs a value/,
  },
  {
    what: 'an option of the server that is none',
    act: twelve(['server', '--port']),
    ...misused,
    says: /"--port" is not an option of the server/,
  },
  {
    what: 'a number that is none',
    act: onHello('releases', '-n', 'some'),
    ...misused,
    says: /-n takes a whole number from 1/,
  },
  {
    what: 'no app where one is needed',
    act: twelve(['ps']),
    ...misused,
    says: /Which app\? Name it with -a <app>/,
  },
  {
    what: 'an app that is not there',
    act: twelve(['ps', '-a', 'absent']),
    ...refused,
    says: /There is no app "absent"\. "twelve apps" lists yours/,
  },
  {
    what: 'destroying without a word of consent',
    act: twelve(['apps:destroy', 'hello']),
    ...misused,
    says: /Say that you mean it: --confirm hello/,
  },
  {
    what: 'destroying with the wrong word',
    act: twelve(['apps:destroy', 'hello', '--confirm', 'helo']),
    ...refused,
    says: /"helo" is not hello\. Nothing was destroyed/,
  },
  {
    what: 'redeploying what was never pushed',
    act: twelve(['redeploy', '-a', 'vars']),
    ...refused,
    says: /Nothing was pushed to vars yet/,
  },
  {
    what: 'running in what was never pushed',
    act: twelve(['run', '-a', 'vars', 'true']),
    ...refused,
    says: /vars .*git push platform main/,
  },
  {
    what: 'a server that is not there',
    act: twelve(['apps'], env({ TWELVE_URL: 'http://127.0.0.1:1', TWELVE_TOKEN: 'any' })),
    ...refused,
    says: /server at http:\/\/127\.0\.0\.1:1 does not answer \(connection refused\)\. Is it running\?/,
  },
  {
    what: 'an address that is none',
    act: twelve(['apps'], env({ TWELVE_URL: 'ftp://x' })),
    ...misused,
    says: /TWELVE_URL is "ftp:\/\/x"; it must be an address such as http:/,
  },
  {
    what: 'a wrong token',
    act: twelve(['apps'], env({ TWELVE_TOKEN: 'wrong' })),
    ...refused,
    says: /does not accept the token in TWELVE_TOKEN\. Log in again: twelve login http/,
  },
  {
    what: "a token with a line's end",
    act: twelve(['apps'], env({ TWELVE_TOKEN: 'token\r' })),
    ...misused,
    says: /TWELVE_TOKEN is no token: a token is one word/,
  },
  {
    what: 'a redirect to nowhere',
    act: against((_request, response) => void response.writeHead(302, { Location: 'http://[' }).end()),
    ...refused,
    says: /redirects to "http:\/\/\[", which is no address/,
  },
  {
    what: 'no login',
    act: twelve(['apps'], env({ XDG_CONFIG_HOME: '/nowhere', HOME: '/nowhere' })),
    ...refused,
    says: /You are not logged in to http.*\. Log in: twelve login http/,
  },
  {
    what: 'a web page instead of the API',
    act: against((_request, response) => void response.writeHead(200, { 'Content-Type': page }).end('<p>Hi')),
    ...refused,
    says: /answered with text\/html instead of JSON\. Is this the address of Twelve's server\?/,
  },
  {
    what: 'JSON that is cut off',
    act: against((_request, response) => void response.writeHead(200, { 'Content-Type': json }).end('[{"na')),
    ...refused,
    says: /answered with JSON that is broken or cut off/,
  },
  {
    what: 'JSON that is no list',
    act: against((_request, response) => void response.writeHead(200, { 'Content-Type': json }).end('{}')),
    ...refused,
    says: /with something else than a list/,
  },
  {
    what: 'a failure without explanation',
    act: against((_request, response) => void response.writeHead(502).end()),
    ...refused,
    says: /status 502 and no explanation/,
  },
  {
    what: 'a server that is too old',
    act: against((_request, response) => void response.writeHead(200, levelled('0', '0.0.9')).end('[]')),
    ...refused,
    says: /runs Twelve 0\.0\.9, which is too old for this command line .*Upgrade the server/,
  },
  {
    what: 'a server that is too new',
    act: against((_request, response) => void response.writeHead(406, levelled('99', '9.0.0')).end('{}')),
    ...refused,
    says: /runs Twelve 9\.0\.0, which is too new for this command line .*Upgrade the command line/,
  },
];

function levelled(level: string, version: string): Record<string, string> {
  return { 'Content-Type': json, 'Twelve-Api-Level': level, 'Twelve-Version': version };
}
