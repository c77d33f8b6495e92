import type { Pooler } from '../generated/pooler.ts';
import { pooler as poolerKind } from '../kinds/pooler.ts';
import { fieldError, type FieldError, type ValidationResult } from '../validation/field-error.ts';
import { validateKind } from '../support/validate-kind.ts';
import { allowedPgBouncerParameters } from './parameters.ts';

/** What is wrong with a Pooler. */
export function validatePooler(pooler: Pooler): ValidationResult {
  return validateKind(poolerKind, pooler, () => ({
    errors: [...clusterRules(pooler), ...pgBouncerRules(pooler)],
    warnings: [],
  }));
}

function* clusterRules({ metadata, spec }: Pooler): Generator<FieldError> {
  const { name } = spec.cluster;
  if (name === '') yield fieldError('spec.cluster.name', name, 'must not be empty');
  else if (name === metadata.name) yield fieldError('metadata.name', name, 'must not be the name of the cluster');
}

function* pgBouncerRules({ spec }: Pooler): Generator<FieldError> {
  const { authQuery, authQuerySecret, parameters = {}, clientTLSSecret } = spec.pgbouncer;
  const field = 'spec.pgbouncer';
  if (Boolean(authQuery) !== Boolean(authQuerySecret?.name)) {
    const missing = authQuery ? 'authQuerySecret' : 'authQuery';
    yield fieldError(`${field}.${missing}`, '', 'authQuery and authQuerySecret must be set together');
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (!allowedPgBouncerParameters.has(name)) {
      const message = `cannot be set; allowed are ${[...allowedPgBouncerParameters].join(', ')}`;
      yield fieldError(`${field}.parameters[${name}]`, value, message);
    }
  }
  if (spec.monitoring?.tls?.enabled && spec.monitoring.enablePodMonitor && !clientTLSSecret) {
    yield fieldError(`${field}.clientTLSSecret`, '', 'must be set when the metrics of a PodMonitor speak TLS');
  }
}
