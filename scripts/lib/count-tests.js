// Adds up vitest's reports and prints the closing line of scripts/test. Exits 1 unless something passed, nothing failed and
// nothing was skipped: what does not run proves nothing.
//   count-tests.js FOLDER   reads FOLDER/<part>.status, one exit status per part, and FOLDER/<part>.json where vitest wrote it
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };

for (const name of readdirSync(folder).sort()) {
  const part = /^(.+)\.status$/.exec(name)?.[1];
  if (!part) continue;
  const status = Number(readFileSync(join(folder, name), 'utf8'));
  const report = join(folder, `${part}.json`);
  // A check is one test, and so is a part that ended without a report.
  const counted = existsSync(report) ? count(part, report) : single(part, status);
  if (status !== 0 && counted.failed === 0) {
    console.log(` × ${part} ended with status ${status} though no test of it failed`);
    counted.failed = 1;
  }
  for (const key of Object.keys(total)) total[key] += counted[key];
}

console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.skipped === 0 && total.passed > 0 ? 0 : 1;

function single(part, status) {
  if (status !== 0)
    console.log(` × ${part} failed${status === 124 ? ': it took too long' : ` with status ${status}`}`);
  return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
}

function count(part, file) {
  const counted = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const { name, status, assertionResults } of JSON.parse(readFileSync(file, 'utf8')).testResults) {
      const failed = assertionResults.filter((test) => test.status === 'failed').length;
      const passed = assertionResults.filter((test) => test.status === 'passed').length;
      counted.passed += passed;
      // A file that could not be loaded, or whose set-up failed, has no failed test of its own.
      counted.failed += status === 'failed' ? Math.max(1, failed) : failed;
      counted.skipped += assertionResults.length - passed - failed;
      if (status === 'failed' && failed === 0) console.log(` × ${name} failed outside of its tests`);
    }
  } catch (error) {
    console.log(` × ${part}: its report cannot be read (${error.message})`);
    counted.failed += 1;
  }
  return counted;
}
