// Verdicts over ref updates alone.
import { describe, expect, it } from 'vitest';
import { judge, type RefUpdate } from '../../../platform/git/rules.ts';

const zeros = '0'.repeat(40);
const one = '1'.repeat(40);
const update = (ref: string, to = one, from = zeros): RefUpdate => ({ ref, from, to });

describe('what a push may do', () => {
  it('deploys main or master', () => {
    for (const branch of ['main', 'master']) {
      expect(judge([update(`refs/heads/${branch}`)])).toEqual({
        deploy: update(`refs/heads/${branch}`),
        notices: [],
      });
    }
  });

  it('stores other branches with a notice, tags silently, next to a deploy', () => {
    const verdict = judge([
      update('refs/heads/feature/x'),
      update('refs/tags/v1'),
      update('refs/heads/main'),
      update('refs/heads/old', zeros, one),
    ]);
    expect(verdict.deploy?.ref).toBe('refs/heads/main');
    expect(verdict.notices).toEqual([
      'Pushed to feature/x, which is not deployed: push to main to deploy it (git push platform feature/x:main).',
    ]);
  });

  it('says of tags alone that they are not deployed, and how to deploy one', () => {
    expect(judge([update('refs/tags/v1')]).notices).toEqual([
      "v1 is a tag, and is stored without being deployed. To deploy what it names: git push platform 'v1^{commit}:main'",
    ]);
    expect(judge([update('refs/tags/v1'), update('refs/tags/v2')]).notices).toEqual([
      expect.stringMatching(/^Tags are stored without being deployed\./),
    ]);
    expect(judge([update('refs/tags/v1', zeros, one)]).notices).toEqual([]);
    expect(judge([update('refs/tags/v1'), update('refs/heads/x')]).notices).toHaveLength(1);
  });

  it('counts many branches instead of naming them all', () => {
    const verdict = judge(Array.from({ length: 50 }, (_, index) => update(`refs/heads/b${index}`)));
    expect(verdict.deploy).toBeNull();
    expect(verdict.notices).toHaveLength(6);
    expect(verdict.notices.at(-1)).toBe('45 more branches were stored and are not deployed.');
  });

  it('takes a name inside another for what it is', () => {
    expect(judge([update('refs/heads/main/x'), update('refs/tags/main')]).deploy).toBeNull();
  });

  it('refuses to delete a deployed branch, and two deployed branches at once', () => {
    expect(() => judge([update('refs/heads/main', zeros, one)])).toThrow(
      /main is the branch that is deployed/,
    );
    expect(() => judge([update('refs/heads/main'), update('refs/heads/master')])).toThrow(
      /both main and master/,
    );
  });
});
