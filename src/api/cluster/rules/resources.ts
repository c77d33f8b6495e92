import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';
import { parseQuantity } from '../../validation/quantity.ts';
import { parseMemorySetting } from '../parameters.ts';

type Amounts = Readonly<Record<string, string | number>>;

const field = 'spec.resources';

export function* resourceRules({ spec }: Cluster): Generator<FieldError> {
  const requests: Amounts = spec.resources?.requests ?? {};
  const limits: Amounts = spec.resources?.limits ?? {};
  for (const [place, amounts] of Object.entries({ requests, limits })) {
    for (const [name, amount] of Object.entries(amounts)) {
      if (parseQuantity(amount) === undefined) {
        yield fieldError(`${field}.${place}[${name}]`, amount, 'must be a quantity such as 500m or 1Gi');
      }
    }
  }
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const request = amountOf(requests, name);
    const limit = amountOf(limits, name);
    if (request !== undefined && limit !== undefined && request > limit) {
      yield fieldError(
        `${field}.requests[${name}]`,
        requests[name],
        `must not be more than the limit, ${limits[name] ?? ''}`,
      );
    }
  }
  yield* hugePageRules(requests, limits);
  yield* sharedBuffersRules(spec.postgresql?.parameters?.shared_buffers, requests, limits);
}

const isHugePages = (name: string): boolean => name.startsWith('hugepages-');

function* hugePageRules(requests: Amounts, limits: Amounts): Generator<FieldError> {
  const names = new Set([...Object.keys(requests), ...Object.keys(limits)].filter(isHugePages));
  for (const name of names) {
    const limit = amountOf(limits, name);
    if (requests[name] !== undefined && amountOf(requests, name) !== limit) {
      yield fieldError(`${field}.requests[${name}]`, requests[name], 'must be equal to the limit');
    }
  }
  const others = ['cpu', 'memory'].some((name) => requests[name] !== undefined || limits[name] !== undefined);
  if (names.size > 0 && !others) yield fieldError(field, [...names], 'huge pages need cpu or memory too');
}

/** Kubernetes kills an instance that uses more memory than it may; its shared buffers are the least that it uses. */
function* sharedBuffersRules(setting: string | undefined, requests: Amounts, limits: Amounts): Generator<FieldError> {
  if (setting === undefined) return;
  const place = 'spec.postgresql.parameters[shared_buffers]';
  const bytes = parseMemorySetting(setting, 8192);
  if (bytes === undefined) {
    yield fieldError(place, setting, 'must be a number of 8 kB pages, or a size in B, kB, MB, GB or TB');
    return;
  }
  const memory = amountOf(requests, 'memory');
  if (memory === undefined) return;
  const hugePages = Object.keys(limits)
    .filter(isHugePages)
    .reduce((sum, name) => sum + (amountOf(limits, name) ?? 0), 0);
  if (bytes > Math.max(memory, hugePages)) {
    yield fieldError(place, setting, `must not be more than the memory request, ${requests.memory ?? ''}`);
  }
}

const amountOf = (amounts: Amounts, name: string): number | undefined =>
  amounts[name] === undefined ? undefined : parseQuantity(amounts[name]);
