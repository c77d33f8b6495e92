// Credentials and TLS.
import { as, flag, object, text, texts } from '../../schema/schema.ts';
import { localObjectReference } from '../common.ts';

export const certificateFields = {
  serverCASecret: text(
    'Secret with the CA certificate (ca.crt) of the servers; with ca.key we issue the certificates.',
  ),
  serverTLSSecret: text('TLS Secret of the servers, issued by somebody else.'),
  replicationTLSSecret: text('TLS Secret of the replication user, issued by somebody else.'),
  clientCASecret: text(
    'Secret with the CA certificate (ca.crt) of the clients; with ca.key we issue the certificates.',
  ),
  serverAltDNSNames: texts('Further DNS names of the server certificates that we issue.'),
} as const;

export const credentialFields = {
  superuserSecret: as(localObjectReference, 'basic-auth Secret of the superuser; made when there is none.'),
  enableSuperuserAccess: flag('The superuser has a password and may log in over the network.', { default: false }),
  certificates: object('CertificatesConfiguration', 'Certificates of the cluster.', certificateFields),
} as const;
