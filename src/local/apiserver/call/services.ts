import type { Rbac } from '../auth/rbac.ts';
import type { Tokens } from '../auth/tokens.ts';
import type { Programs } from '../crd/programs.ts';
import type { RequestInfo } from './request-info.ts';
import type { Registry } from '../kinds/registry.ts';
import type { Store } from '../storage/store.ts';
import type { User } from '../model/types.ts';

/** What every handler may use; made once by the composition root. */
export interface Services {
  readonly store: Store;
  readonly registry: Registry;
  readonly rbac: Rbac;
  readonly tokens: Tokens;
  readonly programs: Programs;
  readonly now: () => Date;
  /** First three numbers or two numbers and a third of the ClusterIPs, such as "127.88.96". */
  readonly serviceNetwork: string;
  /** Where this server is reached: what the service `kubernetes` points to. */
  readonly advertised: { readonly address: string; readonly port: number };
  readonly caCertificate: string;
  /** Client certificate towards nodes. */
  readonly nodeClient: { readonly cert: string; readonly key: string } | undefined;
  /** Aborted when the server shuts down. */
  readonly signal: AbortSignal;
}

/** One request on its way through authorization, admission and storage. */
export interface Call {
  readonly services: Services;
  readonly info: RequestInfo;
  readonly user: User;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly userAgent: string;
  readonly contentType: string;
  readonly body: () => Promise<Buffer>;
  /** Sent as Warning headers. */
  readonly warnings: string[];
  /** Aborted when the client goes away or the server shuts down. */
  readonly signal: AbortSignal;
}

export const isDryRun = (call: Call): boolean => call.query.getAll('dryRun').includes('All');
