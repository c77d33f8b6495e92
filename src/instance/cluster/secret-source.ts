import { EventEmitter } from 'node:events';
import type { Secret } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { Reflector } from '../../kube/reflector.ts';
import { resource } from '../../kube/resource-types.ts';
import type { Logger } from '../log/logger.ts';

export interface SecretSourceOptions {
  readonly kube: KubeApi;
  readonly namespace: string;
  readonly log: Logger;
}

interface Followed {
  readonly reflector: Reflector<Secret>;
  readonly stop: AbortController;
}

/** The Secrets that the Cluster names, each followed by its own watch: our role names them one by one. */
export class SecretSource extends EventEmitter<{ change: [string] }> implements Disposable {
  readonly #options: SecretSourceOptions;
  readonly #followed = new Map<string, Followed>();

  constructor(options: SecretSourceOptions) {
    super();
    this.#options = options;
  }

  /** Follows exactly these from now on. */
  follow(names: ReadonlySet<string>): void {
    for (const [name, { stop }] of this.#followed) {
      if (names.has(name)) continue;
      stop.abort();
      this.#followed.delete(name);
    }
    for (const name of names) if (!this.#followed.has(name)) this.#start(name);
  }

  #start(name: string): void {
    const { kube, namespace, log } = this.#options;
    const stop = new AbortController();
    const reflector = new Reflector<Secret>(kube, resource.secrets, {
      namespace,
      fieldSelector: `metadata.name=${name}`,
    });
    reflector.on('change', () => this.emit('change', name));
    reflector.on('synced', () => this.emit('change', name));
    reflector.on('failed', (error) =>
      log.debug({ err: error, secret: name }, 'The Secret cannot be followed just now'),
    );
    this.#followed.set(name, { reflector, stop });
    void reflector.run(stop.signal);
  }

  /** The Secret; undefined when it is not there; 'unknown' while nobody could tell. */
  get(name: string): Secret | undefined | 'unknown' {
    const reflector = this.#followed.get(name)?.reflector;
    if (!reflector?.synced) return 'unknown';
    return reflector.store.list().find((secret) => secret.metadata?.name === name);
  }

  [Symbol.dispose](): void {
    this.follow(new Set());
  }
}

/** A value of a Secret, decoded. */
export function secretValue(secret: Secret | undefined, key: string): string | undefined {
  const value = secret?.data?.[key];
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
