import { role } from '../naming.ts';

export interface HbaInput {
  readonly major: number;
  /** Only the manager itself and other instances are let in. */
  readonly closed?: boolean;
  /** spec.postgresql.pg_hba, in the user's order. */
  readonly userRules: readonly string[];
  /** Addresses behind `${podselector:NAME}` (status.podSelectorRefs). */
  readonly podSelectors: ReadonlyMap<string, readonly string[]>;
  /** A line for LDAP, ready made. */
  readonly ldap?: string;
}

const selectorPattern = /\$\{podselector:([^}]*)\}/;

/** One line of the user's becomes one per pod behind its selector, and none when there is no pod. */
function expand(rule: string, selectors: HbaInput['podSelectors']): string[] {
  const line = rule.replaceAll(/[\r\n]+/g, ' ').trimEnd();
  const found = selectorPattern.exec(line);
  if (!found) return [line];
  return (selectors.get(found[1] ?? '') ?? []).map((address) =>
    line.replace(selectorPattern, () => `${address}/${address.includes(':') ? 128 : 32}`),
  );
}

/** pg_hba.conf (reference §2.16): what the operator itself needs stands before the user's rules, the catch-all after them. */
export function renderHba(input: HbaInput): string {
  const lines = [
    `local all ${role.metrics} peer map=local`,
    'local all all peer map=local',
    // The manager itself takes base backups over the socket.
    `local replication ${role.superuser} peer map=local`,
    `hostssl postgres ${role.replication} all cert map=cnpg_streaming_replica`,
    `hostssl replication ${role.replication} all cert map=cnpg_streaming_replica`,
    ...(input.closed === true ? ['host all all all reject'] : []),
    `hostssl all ${role.pooler} all cert map=cnpg_pooler_pgbouncer`,
    ...input.userRules.flatMap((rule) => expand(rule, input.podSelectors)),
    ...(input.ldap === undefined ? [] : [input.ldap]),
    `host all all all ${input.major >= 14 ? 'scram-sha-256' : 'md5'}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}
