import type { Cluster } from '../../api/generated/cluster.ts';
import { KubeError } from '../../kube/errors.ts';

/** A server with the status of one Cluster, and a watch of it that has fallen silent: `seen` is what it told last. */
export class ClusterServer {
  readonly seen: Cluster;
  cluster: Cluster;
  down = false;

  constructor(status: Cluster['status'] = {}) {
    this.seen = { metadata: { name: 'c', namespace: 'default', resourceVersion: '1' }, spec: {}, status } as Cluster;
    this.cluster = this.seen;
  }

  /** Somebody else changes the status. */
  change(status: Cluster['status']): void {
    const resourceVersion = String(Number(this.cluster.metadata.resourceVersion) + 1);
    const metadata = { ...this.cluster.metadata, resourceVersion };
    this.cluster = { ...this.cluster, metadata, status: { ...this.cluster.status, ...status } };
  }

  get = (): Promise<never> => this.#answer(() => this.cluster);

  patchStatus = (_type: unknown, _key: unknown, patch: object): Promise<never> =>
    this.#answer(() => {
      const { metadata, status } = patch as Cluster;
      if (metadata.resourceVersion !== this.cluster.metadata.resourceVersion) {
        throw new KubeError(409, { reason: 'Conflict' }, 'patch');
      }
      this.change(status);
      return this.cluster;
    });

  async #answer(act: () => Cluster): Promise<never> {
    await Promise.resolve();
    if (this.down) throw new KubeError(0, { reason: 'NoAnswer' }, 'down');
    return structuredClone(act()) as never;
  }
}
