/** A key of the Secret that a Cluster names for its backups. */
export interface EncryptionKey {
  /** Its name in the Secret; stands in every object that it encrypts. */
  readonly id: string;
  /** 32 bytes, base64: a ring goes through JSON. */
  readonly secret: string;
}

/** What is written is written with `current`; all are read with. */
export interface KeyRing {
  readonly current: EncryptionKey;
  readonly keys: readonly EncryptionKey[];
}

export class EncryptionError extends Error {
  override readonly name = 'EncryptionError';
}

const currentEntry = 'current';
const keySize = 32;

/**
 * The keys of a Secret: each entry is one, 32 bytes as base64, hexadecimal digits or as they are; the entry `current` names the one
 * to write with and may be missing when there is one only. Messages hold no part of a key.
 */
export function parseKeyRing(data: Readonly<Record<string, Buffer>>, where: string): KeyRing {
  const keys: EncryptionKey[] = [];
  for (const [id, value] of Object.entries(data)) {
    if (id === currentEntry) continue;
    const secret = parseKey(value);
    if (!secret) {
      throw new EncryptionError(`${where}: "${id}" is no key: 32 bytes are wanted, as base64 or 64 hexadecimal digits`);
    }
    keys.push({ id, secret: secret.toString('base64') });
  }
  const only = keys.length === 1 ? keys[0]?.id : undefined;
  const id = data[currentEntry]?.toString().trim() ?? only;
  if (id === undefined) {
    const why =
      keys.length === 0
        ? 'holds no key'
        : `holds ${keys.length} keys: its entry "current" must name the one to write with`;
    throw new EncryptionError(`${where} ${why}`);
  }
  const current = keys.find((key) => key.id === id);
  if (!current) throw new EncryptionError(`${where}: its entry "current" names "${id}", and there is no such key`);
  return { current, keys };
}

function parseKey(value: Buffer): Buffer | undefined {
  if (value.length === keySize) return value;
  const text = value.toString('latin1').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
  return decoded?.length === keySize ? decoded : undefined;
}

/** Throws with what is missing before anything was decrypted. */
export function keyFor(ring: KeyRing | undefined, id: string, what: string): EncryptionKey {
  const key = ring?.keys.find((one) => one.id === id);
  if (key) return key;
  const have = ring
    ? `the Secret has ${ring.keys.map((one) => `"${one.id}"`).join(', ')}`
    : 'no Secret with keys is named';
  throw new EncryptionError(`"${what}" is encrypted with key "${id}": ${have}`);
}
