import type { Cluster } from '../../generated/cluster.ts';
import { fieldError, type FieldError } from '../../validation/field-error.ts';

export function* credentialRules({ spec }: Cluster): Generator<FieldError> {
  if (spec.superuserSecret?.name === '') {
    yield fieldError('spec.superuserSecret.name', '', 'must not be empty');
  }
  if (spec.serviceAccountName !== undefined && spec.serviceAccountTemplate) {
    yield fieldError(
      'spec.serviceAccountName',
      spec.serviceAccountName,
      'cannot go together with serviceAccountTemplate',
    );
  }
}

export function* certificateRules({ spec }: Cluster): Generator<FieldError> {
  const {
    serverCASecret,
    serverTLSSecret,
    clientCASecret,
    replicationTLSSecret,
    serverAltDNSNames = [],
  } = spec.certificates ?? {};
  if (serverTLSSecret) {
    if (!serverCASecret) {
      yield fieldError('spec.certificates.serverCASecret', serverCASecret ?? '', 'must be set when serverTLSSecret is');
    }
    if (serverAltDNSNames.length > 0) {
      const message = 'must be empty when serverTLSSecret is set: its certificate says the names';
      yield fieldError('spec.certificates.serverAltDNSNames', serverAltDNSNames, message);
    }
  }
  if (replicationTLSSecret && !clientCASecret) {
    yield fieldError(
      'spec.certificates.clientCASecret',
      clientCASecret ?? '',
      'must be set when replicationTLSSecret is',
    );
  }
}
