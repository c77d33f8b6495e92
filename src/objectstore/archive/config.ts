import { type Compression, writable } from '../codec/compression.ts';
import type { KeyRing } from '../codec/key-ring.ts';
import type { ArchiveLocation } from '../layout.ts';
import type { CredentialSource } from '../credentials.ts';
import { isLight, openLightStore } from '../light.ts';
import type { ObjectAttributes, ObjectStore } from '../port.ts';
import type { S3Options } from '../s3-options.ts';

export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}
/** The decoded value of a key; throws with a message that says what is missing. */
export type SecretGetter = (ref: SecretKeyRef) => Promise<string>;

/** What is read of a `barmanObjectStore` section (reference §1.1). */
export interface BarmanSection {
  readonly destinationPath: string;
  readonly endpointURL?: string | undefined;
  readonly endpointCA?: SecretKeyRef | undefined;
  readonly serverName?: string | undefined;
  readonly s3Credentials?:
    | {
        readonly accessKeyId?: SecretKeyRef | undefined;
        readonly secretAccessKey?: SecretKeyRef | undefined;
        readonly region?: SecretKeyRef | undefined;
        readonly sessionToken?: SecretKeyRef | undefined;
        readonly inheritFromIAMRole?: boolean | undefined;
      }
    | undefined;
  readonly azureCredentials?: object | undefined;
  readonly googleCredentials?: object | undefined;
  readonly wal?: Stored & { readonly maxParallel?: number | undefined };
  readonly data?: Stored & { readonly jobs?: number | undefined; readonly immediateCheckpoint?: boolean | undefined };
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly historyTags?: Readonly<Record<string, string>> | undefined;
}
interface Stored {
  readonly compression?: string | undefined;
  readonly encryption?: string | undefined;
}

/** A section that cannot be used as it is; the message begins with the field. */
export class ArchiveConfigError extends Error {
  constructor(field: string, message: string) {
    super(`${field}: ${message}`);
    this.name = 'ArchiveConfigError';
  }
}

/** How one kind of file is stored. */
export interface StoredAs {
  readonly compression: Compression;
  readonly attributes: ObjectAttributes;
}

export interface ArchiveConfig {
  readonly s3: S3Options;
  readonly location: ArchiveLocation;
  readonly wal: StoredAs & { readonly maxParallel: number };
  /** Timeline history files: as WAL, with their own tags. */
  readonly history: StoredAs;
  readonly data: StoredAs & { readonly jobs: number; readonly immediateCheckpoint: boolean };
  /** Client-side encryption; undefined: none, and nothing encrypted can be read. */
  readonly keys?: KeyRing;
}

export interface ArchiveContext {
  /** Where the section is, for messages: `spec.backup.barmanObjectStore`. */
  readonly field: string;
  /** Directory below destinationPath when the section names none: the cluster's name, or the external cluster's. */
  readonly defaultServer: string;
  readonly secret: SecretGetter;
  /** The keys of client-side encryption; throws with what is wrong with them. */
  readonly keys?: (() => Promise<KeyRing>) | undefined;
}

export async function readArchiveConfig(section: BarmanSection, context: ArchiveContext): Promise<ArchiveConfig> {
  const { field } = context;
  for (const cloud of ['azureCredentials', 'googleCredentials'] as const) {
    if (section[cloud]) throw new ArchiveConfigError(`${field}.${cloud}`, 'not supported by this version of Howdah');
  }
  const { bucket, prefix } = parseDestination(section.destinationPath, `${field}.destinationPath`);
  const endpoint = section.endpointURL && parseEndpoint(section.endpointURL, `${field}.endpointURL`);
  const server = section.serverName ?? context.defaultServer;
  if (server === '' || server.includes('/'))
    throw new ArchiveConfigError(`${field}.serverName`, `"${server}" is not a name`);
  const secret = (path: string, ref: SecretKeyRef | undefined) => readSecret(context, `${field}.${path}`, ref);
  const ca = await secret('endpointCA', section.endpointCA);
  const region = await secret('s3Credentials.region', section.s3Credentials?.region);
  const credentials = await readCredentials(section.s3Credentials, `${field}.s3Credentials`, secret);
  const wal = storedAs(section.wal, `${field}.wal`, section.tags);
  const keys = await context.keys?.();
  return {
    s3: {
      bucket,
      ...(endpoint && { endpoint }),
      ...(region !== undefined && { region }),
      ...(ca !== undefined && { ca }),
      ...(credentials && { credentials }),
    },
    location: { prefix, server },
    wal: { ...wal, maxParallel: section.wal?.maxParallel ?? 1 },
    history: storedAs(section.wal, `${field}.wal`, section.historyTags),
    data: {
      ...storedAs(section.data, `${field}.data`, section.tags),
      jobs: section.data?.jobs ?? 2,
      immediateCheckpoint: section.data?.immediateCheckpoint ?? false,
    },
    ...(keys && { keys }),
  };
}

/** Credentials for a store of this region that no Secret holds. */
export type FindCredentials = (region: string | undefined) => CredentialSource;

/**
 * Loads the AWS SDK, which costs some 30 MiB and 75 ms, only where the light client is not enough (ADR 5): without credentials in the
 * configuration, when nobody finds them either.
 */
export async function openArchive(
  { s3 }: Pick<ArchiveConfig, 's3'>,
  find?: FindCredentials,
): Promise<ObjectStore & Disposable> {
  const credentials = s3.credentials ? undefined : find?.(s3.region);
  if (isLight(s3) && (s3.credentials ?? credentials)) return openLightStore(s3, credentials);
  const { openS3Store } = await import('../s3.ts');
  return openS3Store(s3);
}

export function parseDestination(path: string, field: string): { bucket: string; prefix: string } {
  const match = /^s3:\/\/([^/]+)(\/.*)?$/.exec(path);
  if (!match) throw new ArchiveConfigError(field, `"${path}" is not of the form s3://bucket/path`);
  return { bucket: match[1] ?? '', prefix: (match[2] ?? '').replace(/^\/+|\/+$/g, '') };
}

function parseEndpoint(address: string, field: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new ArchiveConfigError(field, 'not an http or https URL');
  if (url.username !== '' || url.password !== '') {
    throw new ArchiveConfigError(field, 'credentials belong into s3Credentials, not into the URL');
  }
  return address;
}

type Section = NonNullable<BarmanSection['s3Credentials']>;
type ReadSecret = (path: string, ref: SecretKeyRef | undefined) => Promise<string | undefined>;

/** Undefined: the SDK's default chain. */
async function readCredentials(
  section: Section | undefined,
  field: string,
  secret: ReadSecret,
): Promise<S3Options['credentials'] | undefined> {
  if (!section || section.inheritFromIAMRole) {
    const stray =
      section && (['accessKeyId', 'secretAccessKey', 'sessionToken'] as const).find((name) => section[name]);
    if (stray) throw new ArchiveConfigError(`${field}.${stray}`, 'cannot go together with inheritFromIAMRole');
    return undefined;
  }
  for (const name of ['accessKeyId', 'secretAccessKey'] as const) {
    if (!section[name]) throw new ArchiveConfigError(`${field}.${name}`, 'missing (or set inheritFromIAMRole)');
  }
  const accessKeyId = (await secret('s3Credentials.accessKeyId', section.accessKeyId)) ?? '';
  const secretAccessKey = (await secret('s3Credentials.secretAccessKey', section.secretAccessKey)) ?? '';
  const sessionToken = await secret('s3Credentials.sessionToken', section.sessionToken);
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

async function readSecret(
  { secret }: ArchiveContext,
  field: string,
  ref: SecretKeyRef | undefined,
): Promise<string | undefined> {
  if (!ref) return undefined;
  const where = `key "${ref.key}" of Secret "${ref.name}"`;
  let value: string;
  try {
    // Files made with an editor or echo end with a line feed that is no part of the key.
    value = (await secret(ref)).trim();
  } catch (error) {
    throw new ArchiveConfigError(
      field,
      `cannot read ${where}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (value === '') throw new ArchiveConfigError(field, `${where} is empty`);
  return value;
}

function storedAs(
  section: Stored | undefined,
  field: string,
  tags: Readonly<Record<string, string>> | undefined,
): StoredAs {
  const { encryption } = section ?? {};
  const compression = writable.find((known) => known === (section?.compression ?? 'none'));
  if (compression === undefined) {
    const why = `"${section?.compression}" is read, but not written; ${writable.slice(1).join(', ')} are`;
    throw new ArchiveConfigError(`${field}.compression`, why);
  }
  if (encryption !== undefined && encryption !== 'AES256' && encryption !== 'aws:kms') {
    throw new ArchiveConfigError(`${field}.encryption`, `"${encryption}" is neither AES256 nor aws:kms`);
  }
  return { compression, attributes: { ...(tags && { tags }), ...(encryption !== undefined && { encryption }) } };
}
