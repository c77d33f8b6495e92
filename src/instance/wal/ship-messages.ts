import { EncryptionError } from '../../objectstore/codec/key-ring.ts';
import type { ArchiveConfig } from '../../objectstore/archive/config.ts';
import { ObjectStoreError, type ObjectStoreErrorKind } from '../../objectstore/errors.ts';
import { WalConflictError } from './wal-objects.ts';

/** To the process that ships: a file. It holds keys, so it goes over the channel and not into arguments or environment. */
export interface ShipRequest {
  readonly id: number;
  readonly config: ArchiveConfig;
  readonly name: string;
  readonly path: string;
  readonly systemIdentifier: string;
}

export type ShipAnswer =
  | { readonly id: number; readonly outcome: 'created' | 'same' }
  | { readonly id: number; readonly failure: ShipFailure };

/** An error as it goes through the channel. */
export interface ShipFailure {
  readonly name: string;
  readonly message: string;
  readonly kind?: ObjectStoreErrorKind;
}

export const describeFailure = (error: unknown): ShipFailure => ({
  name: error instanceof Error ? error.name : 'Error',
  message: error instanceof Error ? error.message : String(error),
  ...(error instanceof ObjectStoreError && { kind: error.kind }),
});

/** What the archiver tells apart comes out as what it was. */
export function reviveFailure({ name, message, kind }: ShipFailure): Error {
  if (kind !== undefined) return new ObjectStoreError(kind, message);
  if (name === 'WalConflictError') return new WalConflictError(message);
  if (name === 'EncryptionError') return new EncryptionError(message);
  return new Error(message);
}
