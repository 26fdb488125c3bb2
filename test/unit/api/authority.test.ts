// The platform's own authority, asked for by who has no token yet: its certificate, and nothing that is secret.
import { X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { startApi } from '../../support/api-ground.ts';

test("nobody needs a token for the authority's certificate, and its key is not in the answer", async () => {
  await using api = await startApi();
  for (const authorization of [undefined, 'Bearer wrong', `Bearer ${api.token}`]) {
    const answer = await fetch(`${api.url}/certificate-authority`, {
      headers: authorization ? { authorization } : {},
    });
    expect([authorization, answer.status]).toEqual([authorization, 200]);
    const body = (await answer.json()) as { certificate: string; fingerprint: string };
    expect(Object.keys(body)).toEqual(['certificate', 'fingerprint']);
    expect(new X509Certificate(body.certificate)).toMatchObject({
      ca: true,
      fingerprint256: body.fingerprint,
    });
    expect(body.certificate).not.toContain('PRIVATE');
  }
});
