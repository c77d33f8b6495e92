import type { ArchiveConfig, BarmanSection, FindCredentials, SecretKeyRef } from '../../objectstore/archive/config.ts';
import { ArchiveConfigError, openArchive, readArchiveConfig } from '../../objectstore/archive/config.ts';
import { EncryptionError, type KeyRing, parseKeyRing } from '../../objectstore/codec/key-ring.ts';
import type { ObjectStore } from '../../objectstore/port.ts';
import { annotation } from '../../labels.ts';
import type { KubeApi } from '../../kube/port.ts';
import { resource } from '../../kube/resource-types.ts';
import type { KubeObject } from '../../kube/types.ts';
import { Joined } from '../../util/joined.ts';

/** An archive ready for use. */
export interface Archive {
  readonly store: ObjectStore;
  readonly config: ArchiveConfig;
}

/** Where a `barmanObjectStore` section is said, and the server's directory when it names none. */
export interface SectionAt {
  readonly section: BarmanSection;
  readonly field: string;
  readonly defaultServer: string;
  /** The Secret with the keys of client-side encryption. */
  readonly encryptionSecret?: string | undefined;
  /** Of the backups that are kept there; default: barmanObjectStore. */
  readonly method?: 'barmanObjectStore' | 'plugin';
  /** The ObjectStore that the plugin names. */
  readonly objectStore?: string;
}

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

/** How long credentials are used before the Secret is looked at again: a rotated key works within this time. */
const refreshAfter = 30_000;

export function secretGetter(
  kube: Pick<KubeApi, 'get'>,
  namespace: string,
  signal: AbortSignal,
): (ref: SecretKeyRef) => Promise<string> {
  return async ({ name, key }) => {
    const secret = await kube.get<Secret>(resource.secrets, { namespace, name }, { signal });
    if (!secret) throw new Error('the Secret does not exist');
    const value = secret.data?.[key];
    if (value === undefined) throw new Error('the Secret has no such key');
    return Buffer.from(value, 'base64').toString();
  };
}

export const encryptionField = `metadata.annotations["${annotation.backupEncryptionSecret}"]`;

async function readKeys(
  kube: Pick<KubeApi, 'get'>,
  key: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<KeyRing> {
  const where = `Secret "${key.name}"`;
  try {
    const secret = await kube.get<Secret>(resource.secrets, key, { signal });
    if (!secret) throw new EncryptionError(`${where} does not exist`);
    const entries = Object.entries(secret.data ?? {});
    return parseKeyRing(Object.fromEntries(entries.map(([id, value]) => [id, Buffer.from(value, 'base64')])), where);
  } catch (error) {
    if (error instanceof EncryptionError) throw new ArchiveConfigError(encryptionField, error.message);
    throw error;
  }
}

interface OpenOptions {
  /** See openArchive. */
  readonly find?: FindCredentials;
  /** How often each call is made. */
  readonly attempts?: number;
}

/** Opens the archive that a Cluster names and keeps it open as long as nothing about it changes. */
export class ArchiveSource implements Disposable {
  readonly #kube: Pick<KubeApi, 'get'>;
  readonly #namespace: string;
  readonly #section: () => SectionAt | undefined;
  readonly #options: OpenOptions;
  #open: { archive: Archive & { store: ObjectStore & Disposable }; text: string; readAt: number } | undefined;
  readonly #opening = new Joined<Archive>();

  /** `section` is asked each time: it is the newest that is known of the Cluster. */
  constructor(
    kube: Pick<KubeApi, 'get'>,
    namespace: string,
    section: () => SectionAt | undefined,
    options: OpenOptions = {},
  ) {
    this.#kube = kube;
    this.#namespace = namespace;
    this.#section = section;
    this.#options = options;
  }

  /** Undefined when no archive is configured. Throws ArchiveConfigError when one is that cannot be used. */
  async get(signal: AbortSignal): Promise<Archive | undefined> {
    const at = this.#section();
    if (!at) return undefined;
    const open = this.#open;
    if (open && open.text.startsWith(sectionText(at)) && Date.now() - open.readAt < refreshAfter) return open.archive;
    return this.#opening.run([sectionText(at)], signal, () => this.#read(at, signal));
  }

  /** Credentials are read again at the next use: after the store has refused them. */
  invalidate(): void {
    if (this.#open) this.#open.readAt = 0;
  }

  async #read(at: SectionAt, signal: AbortSignal): Promise<Archive> {
    const secret = secretGetter(this.#kube, this.#namespace, signal);
    const { field, defaultServer, encryptionSecret: name } = at;
    const keys =
      name === undefined ? undefined : () => readKeys(this.#kube, { namespace: this.#namespace, name }, signal);
    const config = await readArchiveConfig(at.section, { field, defaultServer, secret, keys });
    const text = sectionText(at) + JSON.stringify(config);
    if (this.#open?.text === text) {
      this.#open.readAt = Date.now();
      return this.#open.archive;
    }
    // A call under way on the old store must come to its end: its sockets close when they are idle.
    const { find, attempts } = this.#options;
    const s3 = { ...config.s3, ...(attempts !== undefined && { attempts }) };
    this.#open = { archive: { store: await openArchive({ s3 }, find), config }, text, readAt: Date.now() };
    return this.#open.archive;
  }

  [Symbol.dispose](): void {
    this.#open?.archive.store[Symbol.dispose]();
    this.#open = undefined;
  }
}

const sectionText = (at: SectionAt): string => JSON.stringify(at);
