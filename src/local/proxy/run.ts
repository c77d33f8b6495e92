import type { EndpointSlice, Service } from '../../kube/objects.ts';
import type { KubeApi } from '../../kube/port.ts';
import { Reflector } from '../../kube/reflector.ts';
import { resource } from '../../kube/resource-types.ts';
import { PortListener } from './listener.ts';
import { routes, text } from './routes.ts';

export interface ProxyOptions {
  readonly api: KubeApi;
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
}

/** Serves the ClusterIPs of all services until `signal` aborts. An API server that is away changes nothing. */
export async function runProxy({ api, signal, log }: ProxyOptions): Promise<void> {
  const services = new Reflector<Service>(api, resource.services);
  const slices = new Reflector<EndpointSlice>(api, resource.endpointSlices);
  const listeners = new Map<string, PortListener>();
  let planned = false;

  const update = (): void => {
    planned = false;
    if (!services.synced || !slices.synced || signal.aborted) return;
    const wanted = new Map(routes(services.store.list(), slices.store.list()).map((it) => [text(it), it]));
    for (const [key, listener] of listeners) {
      if (wanted.has(key)) continue;
      listener.stop();
      listeners.delete(key);
    }
    for (const [key, route] of wanted) {
      const listener = listeners.get(key) ?? new PortListener(route, log);
      listeners.set(key, listener);
      listener.update(route);
    }
  };
  const soon = (): void => {
    if (planned) return;
    planned = true;
    setImmediate(update);
  };
  for (const reflector of [services, slices]) {
    reflector.on('change', soon);
    reflector.on('synced', soon);
    reflector.on('failed', (error) => log(`watch: ${String(error)}`));
  }
  await Promise.all([services.run(signal), slices.run(signal)]);
  for (const listener of listeners.values()) listener.stop();
}
