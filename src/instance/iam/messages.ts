import type { ExpiringCredentials } from '../../objectstore/credentials.ts';

/** To the process that asks for credentials. */
export interface CredentialsRequest {
  /** Of the object store; the token service of the same region is asked. */
  readonly region: string | undefined;
}

/** Keys go over the channel and not through output, which is logged. */
export type CredentialsAnswer = { readonly credentials: ExpiringCredentials } | { readonly failure: string };
