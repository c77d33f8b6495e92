import type { BootstrapInitDB } from '../../api/generated/cluster.ts';

/** Command line of initdb (reference §2.3). The user's raw `options` take the place of every explicit one. */
export function initdbArguments(
  spec: BootstrapInitDB,
  place: { readonly data: string; readonly wal: string | undefined },
): string[] {
  const base = [`--pgdata=${place.data}`, '--username=postgres', '--auth-local=peer', '--auth-host=scram-sha-256'];
  const wal = place.wal === undefined ? [] : [`--waldir=${place.wal}`];
  if (spec.options !== undefined && spec.options.length > 0) return [...base, ...wal, ...spec.options];
  const option = (name: string, value: string | number | undefined): string[] =>
    value === undefined || value === '' ? [] : [`--${name}=${value}`];
  const named = spec.locale !== undefined && spec.locale !== '';
  return [
    ...base,
    ...wal,
    ...option('encoding', spec.encoding ?? 'UTF8'),
    ...option('locale', spec.locale),
    ...option('lc-collate', spec.localeCollate ?? (named ? undefined : 'C')),
    ...option('lc-ctype', spec.localeCType ?? (named ? undefined : 'C')),
    ...option('locale-provider', spec.localeProvider),
    ...option('icu-locale', spec.icuLocale),
    ...option('icu-rules', spec.icuRules),
    ...option('builtin-locale', spec.builtinLocale),
    ...option('wal-segsize', spec.walSegmentSize),
    ...(spec.dataChecksums === true ? ['--data-checksums'] : []),
  ];
}
