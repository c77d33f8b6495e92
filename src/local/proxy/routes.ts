import type { EndpointSlice, Service } from '../../kube/objects.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where one service port leads: who gets new connections, and who may keep those that it has. */
export interface Route extends Address {
  readonly ready: readonly Address[];
  readonly known: readonly Address[];
}

export const text = ({ host, port }: Address): string => `${host}:${port}`;

const serviceLabel = 'kubernetes.io/service-name';

const slicesOf = (service: Service, slices: readonly EndpointSlice[]): EndpointSlice[] =>
  slices.filter(
    (it) =>
      it.metadata?.namespace === service.metadata?.namespace &&
      it.metadata?.labels?.[serviceLabel] === service.metadata?.name,
  );

function unique(addresses: readonly Address[]): Address[] {
  return [...new Map(addresses.map((it) => [text(it), it])).values()];
}

/** The routes of all services with a ClusterIP, TCP ports only. */
export function routes(services: readonly Service[], slices: readonly EndpointSlice[]): Route[] {
  return services.flatMap((service) => {
    const host = service.spec?.clusterIP;
    if (host === undefined || host === '' || host === 'None') return [];
    const own = slicesOf(service, slices);
    return (service.spec?.ports ?? [])
      .filter((port) => (port.protocol ?? 'TCP') === 'TCP')
      .map((port) => {
        const targets = own.flatMap((slice) => {
          const number = slice.ports?.find((it) => (it.name ?? '') === (port.name ?? ''))?.port;
          if (number === undefined) return [];
          return (slice.endpoints ?? []).flatMap((endpoint) =>
            endpoint.addresses.map((address) => ({
              address: { host: address, port: number },
              ready: endpoint.conditions?.ready !== false,
            })),
          );
        });
        const ready = targets.filter((it) => it.ready).map((it) => it.address);
        return { host, port: port.port, ready: unique(ready), known: unique(targets.map((it) => it.address)) };
      });
  });
}
