import { barmanRules } from '../cluster/rules/barman.ts';
import type { ObjectStore } from '../generated/object-store.ts';
import { objectStore as objectStoreKind } from '../kinds/object-store.ts';
import { fieldError, type FieldError, type ValidationResult } from '../validation/field-error.ts';
import { validateKind } from '../support/validate-kind.ts';

/** What is wrong with an ObjectStore. */
export const validateObjectStore = (store: ObjectStore): ValidationResult =>
  validateKind(objectStoreKind, store, () => ({ errors: [...rules(store)], warnings: [] }));

function* rules({ spec }: ObjectStore): Generator<FieldError> {
  const { serverName } = spec.configuration;
  if (serverName !== undefined) {
    const message = 'belongs into the parameters of the plugin in the Cluster';
    yield fieldError('spec.configuration.serverName', serverName, message);
  }
  if (spec.retentionPolicy !== undefined && !/^[1-9][0-9]*[dwm]$/.test(spec.retentionPolicy)) {
    const message = 'must be a number of days, weeks or months such as 30d';
    yield fieldError('spec.retentionPolicy', spec.retentionPolicy, message);
  }
  yield* barmanRules('spec.configuration', spec.configuration);
}
