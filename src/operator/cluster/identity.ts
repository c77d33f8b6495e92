import type { KeyPair } from '../../pki/x509.ts';

/** The operator as an instance knows it. */
export interface OperatorIdentity extends KeyPair {
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
}
