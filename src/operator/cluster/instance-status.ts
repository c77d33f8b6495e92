import https from 'node:https';
import { port, readWriteService } from '../../naming.ts';
import type { RoleChange } from '../../api/generated/cluster.ts';
import type { OperatorIdentity } from './identity.ts';

/** Bytes and seconds; see DiskForecast. */
export interface VolumeStatus {
  readonly volume: string;
  readonly size: number;
  readonly free: number;
  readonly rate?: number;
  readonly secondsUntilFull?: number;
  readonly rule?: string;
  readonly low?: boolean;
}

/** What of /pg/status the operator acts on (reference §2.1); the rest is for people. */
export interface InstanceStatus {
  readonly isPrimary?: boolean;
  readonly systemID?: string;
  readonly timeLineID?: number;
  readonly currentLsn?: string;
  readonly receivedLsn?: string;
  readonly replayLsn?: string;
  readonly isWalReceiverActive?: boolean;
  readonly isPgRewindRunning?: boolean;
  /** What stands in the instance's way, in its own words; empty when nothing does. */
  readonly problem?: string;
  /** PostgreSQL is not started because its WAL has no room. */
  readonly notEnoughDiskSpace?: boolean;
  /** Ours: how full its volumes are and will be. */
  readonly volumes?: readonly VolumeStatus[];
  readonly pendingRestart?: boolean;
  readonly pendingRestartForDecrease?: boolean;
  readonly mightBeUnavailable?: boolean;
  readonly sessionID?: string;
  readonly isPodReady?: boolean;
  readonly isArchivingWAL?: boolean;
  readonly replayPaused?: boolean;
  /** Ours: how it stopped to follow its primary; absent while it advances. */
  readonly stalled?: string;
  readonly replicationInfo?: readonly {
    readonly applicationName?: string;
    readonly state?: string;
    readonly flushLsn?: string;
  }[];
  /** Ours: how it became the primary the last time; how it gives the role away. */
  readonly roleChange?: RoleChange;
  readonly handover?: { readonly to?: string; readonly why: string };
}

export type StatusAnswer =
  { readonly ok: true; readonly status: InstanceStatus } | { readonly ok: false; readonly error: string };

export interface StatusRequest {
  readonly address: string;
  readonly cluster: string;
  /** PEM bundle that the instance's server certificate is verified with. */
  readonly authority: string;
  readonly identity: OperatorIdentity;
  readonly signal: AbortSignal;
}

export type InstanceStatusReader = (request: StatusRequest) => Promise<StatusAnswer>;

const connectMs = 2_000;
const totalMs = 10_000;
const bodyLimit = 4 * 1024 * 1024;

/** Asks one instance for its state over mutual TLS. Never throws: an instance that does not answer is a fact, not a fault. */
export const readInstanceStatus: InstanceStatusReader = ({ address, cluster, authority, identity, signal }) =>
  new Promise((resolve) => {
    const fail = (error: unknown): void =>
      resolve({ ok: false, error: error instanceof Error ? error.message : String(error) });
    const request = https.request(
      {
        host: address,
        port: port.status,
        path: '/pg/status',
        servername: readWriteService(cluster),
        ca: authority,
        cert: identity.certificate,
        key: identity.key,
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(totalMs)]),
      },
      (response) => {
        clearTimeout(connecting);
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > bodyLimit) request.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        response.on('error', fail);
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(new Error(`/pg/status answered ${response.statusCode ?? 0}`));
          try {
            const status: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
            if (typeof status !== 'object' || status === null) return fail(new Error('/pg/status is no object'));
            return resolve({ ok: true, status });
          } catch (error) {
            return fail(error);
          }
        });
      },
    );
    const connecting = setTimeout(() => request.destroy(new Error('no connection in time')), connectMs);
    request.on('socket', (socket) => socket.once('secureConnect', () => clearTimeout(connecting)));
    request.on('error', (error) => {
      clearTimeout(connecting);
      fail(error);
    });
    request.end();
  });
