import { createHash } from 'node:crypto';
import type { CoreEvent } from './objects.ts';
import type { KubeApi } from './port.ts';
import { resource } from './resource-types.ts';
import type { KubeObject } from './types.ts';

export interface EventMessage {
  readonly type: 'Normal' | 'Warning';
  /** A stable name in CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorder {
  /** Says what happened to an object. Never throws and never waits: an event is not worth a failed reconcile. */
  emit(about: KubeObject, event: EventMessage): void;
  /** Resolves when all that was emitted is sent or given up. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly component: string;
  readonly instance: string;
  readonly now?: () => Date;
  readonly onError?: (error: unknown) => void;
}

interface Sent {
  name: string;
  count: number;
  at: number;
}

/** Equal events within this time are one event with a count. */
const foldMs = 600_000;
const remembered = 2_000;
const sendTimeoutMs = 10_000;
const pendingLimit = 200;

export function createEventRecorder(api: KubeApi, options: EventRecorderOptions): EventRecorder {
  const now = options.now ?? (() => new Date());
  const sent = new Map<string, Sent>();
  let pending = 0;
  let chain: Promise<void> = Promise.resolve();

  const send = async (about: KubeObject, event: EventMessage): Promise<void> => {
    const meta = about.metadata ?? {};
    const namespace = meta.namespace ?? 'default';
    const key = createHash('sha256')
      .update(JSON.stringify([about.kind, namespace, meta.name, meta.uid, event]))
      .digest('hex');
    const at = now();
    const signal = AbortSignal.timeout(sendTimeoutMs);
    const before = sent.get(key);
    if (before !== undefined && at.getTime() - before.at < foldMs) {
      before.count++;
      before.at = at.getTime();
      const patch = { count: before.count, lastTimestamp: at.toISOString() };
      await api.patch(resource.events, { namespace, name: before.name }, patch, { signal });
      return;
    }
    const name = `${meta.name ?? ''}.${key.slice(0, 8)}${at.getTime().toString(16)}`;
    const object: CoreEvent & KubeObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: {
        ...(about.apiVersion === undefined ? {} : { apiVersion: about.apiVersion }),
        ...(about.kind === undefined ? {} : { kind: about.kind }),
        namespace,
        name: meta.name ?? '',
        ...(meta.uid === undefined ? {} : { uid: meta.uid }),
      },
      type: event.type,
      reason: event.reason,
      message: event.message.slice(0, 1024),
      count: 1,
      firstTimestamp: at.toISOString(),
      lastTimestamp: at.toISOString(),
      source: { component: options.component },
      reportingComponent: options.component,
      reportingInstance: options.instance,
    };
    await api.create(resource.events, object, { signal });
    sent.delete(key);
    sent.set(key, { name, count: 1, at: at.getTime() });
    for (const oldest of sent.keys()) {
      if (sent.size <= remembered) break;
      sent.delete(oldest);
    }
  };

  return {
    emit(about, event) {
      if (pending >= pendingLimit) return;
      pending++;
      chain = chain
        .then(() => send(about, event))
        .catch((error: unknown) => options.onError?.(error))
        .finally(() => {
          pending--;
        });
    },
    flush: () => chain,
  };
}
