// Secrets at rest: AES-256-GCM under a key file that lives outside the database.
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { PlatformError } from '../domain/errors.ts';
import { writeWhole } from './data-folder.ts';

export interface Vault {
  /** @param context bound to the secret: it opens only under the same one (a release's id). */
  seal(plain: string, context: string): Buffer;
  open(sealed: Buffer, context: string): string;
  /** A signature for capability URLs: whoever has it was given it by us. */
  sign(text: string): string;
}

/**
 * Reads the 32-byte key (hex) from the file, or makes it (0600) when `create`.
 * @throws PlatformError `service_unavailable` when it is missing or damaged
 */
export function openVault(keyFile: string, create: boolean): Vault {
  if (!existsSync(keyFile)) {
    if (!create) {
      throw new PlatformError(
        'service_unavailable',
        `The key file ${keyFile} is missing, and without it no config var can be read. Put back the copy that "twelve server:key" wrote.`,
      );
    }
    writeWhole(keyFile, `${randomBytes(32).toString('hex')}\n`, 0o600);
  }
  const key = Buffer.from(readFileSync(keyFile, 'utf8').trim(), 'hex');
  if (key.length !== 32) {
    throw new PlatformError(
      'service_unavailable',
      `The key file ${keyFile} is damaged (it must hold 64 hex digits). Put back the copy that "twelve server:key" wrote.`,
    );
  }
  return {
    seal: (plain, context) => seal(key, plain, context),
    open: (sealed, context) => open(key, sealed, context),
    sign: (text) => createHmac('sha256', key).update(`capability:${text}`).digest('base64url'),
  };
}

// Layout: version byte 1, 12 bytes nonce, 16 bytes tag, ciphertext.
function seal(key: Buffer, plain: string, context: string): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(1), nonce, cipher.getAuthTag(), body]);
}

function open(key: Buffer, sealed: Buffer, context: string): string {
  try {
    if (sealed[0] !== 1) throw new Error('unknown form');
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13)).setAAD(
      Buffer.from(context),
    );
    decipher.setAuthTag(sealed.subarray(13, 29));
    return Buffer.concat([decipher.update(sealed.subarray(29)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw new PlatformError(
      'service_unavailable',
      'A stored secret cannot be decrypted: secret.key is not the one it was sealed with. Restore the right key file.',
      {},
      { cause },
    );
  }
}

/** Tokens are random, so a plain hash is enough to keep. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
