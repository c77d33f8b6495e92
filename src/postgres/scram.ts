import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const iterations = 4096;

/** Characters that SASLprep keeps as they are. Others are left to the server's own normalization (see `scramVerifier`). */
const plain = /^[\x20-\x7e]*$/;

/**
 * The SCRAM-SHA-256 verifier that PostgreSQL stores (RFC 5803 as in src/common/scram-common.c), so that a password never travels
 * in SQL, where it could end in a log. Undefined when the password needs SASLprep.
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(16)): string | undefined {
  const text = plain.test(password) ? password : password.normalize('NFKC');
  if (text === '') return undefined;
  const salted = pbkdf2Sync(text, salt, iterations, 32, 'sha256');
  const hmac = (key: Buffer, message: string): Buffer => createHmac('sha256', key).update(message).digest();
  const stored = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  const server = hmac(salted, 'Server Key');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored.toString('base64')}:${server.toString('base64')}`;
}

/** Whether a stored verifier is of this password. */
export function matchesVerifier(password: string, verifier: string): boolean {
  const salt = /^SCRAM-SHA-256\$4096:([^$]+)\$/.exec(verifier)?.[1];
  return salt !== undefined && scramVerifier(password, Buffer.from(salt, 'base64')) === verifier;
}
