import type { KubeApi } from '../../kube/port.ts';

const writing = new Set([
  'create',
  'replace',
  'replaceStatus',
  'patch',
  'patchStatus',
  'apply',
  'applyStatus',
  'delete',
]);

/** The same API with a look at every write, before it is sent or after. */
export function watched(api: KubeApi, onWrite: (call: string) => void, afterwards = false): KubeApi {
  return new Proxy(api, {
    get: (target, name: keyof KubeApi) => {
      const method = target[name].bind(target) as (...values: unknown[]) => unknown;
      if (!writing.has(name)) return method;
      return async (...values: unknown[]) => {
        const call = `${name} ${JSON.stringify(values.slice(0, 3)).slice(0, 400)}`;
        if (!afterwards) onWrite(call);
        const result = await method(...values);
        if (afterwards) onWrite(call);
        return result;
      };
    },
  });
}
