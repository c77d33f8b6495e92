// Certificates over the years: what a pod has loaded must trust what another shows, on every day.
import { expect, test } from '@jest/globals';
import type { Secret } from '../../../kube/objects.ts';
import { createAuthority } from '../../../pki/x509.ts';
import { type Authority, readAuthority, renewedAuthority } from './authority.ts';
import { bundle, expiry, signedByOneOf } from './certificate.ts';
import { renewedLeaf } from './leaf.ts';

const dayMs = 86_400_000;
const begin = new Date('2026-01-01T00:00:00Z');
const encoded = (values: Record<string, string>): Secret => ({
  data: Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Buffer.from(text).toString('base64')])),
});
const authorityIn = (secret: Secret): Authority => {
  const authority = readAuthority(secret);
  if (authority === undefined) throw new Error('no authority');
  return authority;
};

/** Both Secrets of a cluster, looked after once a day as the operator does it. */
class Keeper {
  authority: Secret | undefined;
  leaf: Secret | undefined;
  readonly #days: number;
  readonly #thresholdDays: number;

  constructor(days: number, thresholdDays: number) {
    this.#days = days;
    this.#thresholdDays = thresholdDays;
  }

  async look(now: Date, dnsNames: readonly string[] = ['pg-rw']): Promise<{ authority: boolean; leaf: boolean }> {
    const [days, thresholdDays] = [this.#days, this.#thresholdDays];
    const made =
      this.authority === undefined
        ? await createAuthority('pg-ca', days, now)
        : await renewedAuthority(authorityIn(this.authority), { name: 'pg-ca', days, thresholdDays, now });
    if (made !== undefined) this.authority = encoded({ 'ca.crt': made.certificate, 'ca.key': made.key });
    const material = await renewedLeaf(this.leaf, this.trust, {
      ...{ commonName: 'pg-rw', dnsNames, usages: ['server'], days, thresholdDays, now },
    });
    if (material !== undefined) {
      const { certificate, key, authority } = material;
      this.leaf = encoded({ 'tls.crt': certificate, 'tls.key': key, 'ca.crt': authority });
    }
    return { authority: made !== undefined, leaf: material !== undefined };
  }

  get trust(): Authority {
    return authorityIn(this.authority ?? {});
  }

  get shown() {
    const [certificate] = bundle(Buffer.from(this.leaf?.data?.['tls.crt'] ?? '', 'base64').toString('utf8'));
    if (certificate === undefined) throw new Error('no certificate');
    return certificate;
  }
}

/** As OpenSSL looks at it: the certificate and the authority that signed it are of that time. */
function trusts(trusted: string, { shown }: Keeper, now: Date): boolean {
  const valid = bundle(trusted).filter((certificate) => expiry(certificate) > now);
  return expiry(shown) > now && signedByOneOf(shown, valid);
}

test.each([
  ['90 and 7 days, the defaults', 90, 7, undefined],
  ['certificates that are made anew in the middle of an authority’s life', 90, 7, 40],
  ['a life of no more than three thresholds', 21, 7, undefined],
  ['a threshold of one day', 30, 1, 11],
])(
  'F29 %s: who loads the authorities some days late trusts what is shown, every day of fourteen months',
  async (_, days, threshold, newNameAt) => {
    const keeper = new Keeper(days, threshold);
    const before: string[] = [];
    for (let day = 0; day < 425; day++) {
      const now = new Date(begin.getTime() + day * dayMs);
      const names = day >= (newNameAt ?? Infinity) ? ['pg-rw', 'db.example.com'] : ['pg-rw'];
      const made = await keeper.look(now, names);
      before.push(keeper.trust.trusted);
      const late = before[Math.max(0, day - threshold + 1)] ?? '';
      expect([day, trusts(keeper.trust.trusted, keeper, now), trusts(late, keeper, now)]).toEqual([day, true, true]);
      // The Secrets are looked at all the time: what has just been made is good.
      if (made.authority || made.leaf) expect(await keeper.look(now, names)).toEqual({ authority: false, leaf: false });
    }
    expect(bundle(keeper.trust.trusted).length).toBeLessThan(4);
  },
);

test('the authority of a user that ends soon is no reason to issue a certificate again and again', async () => {
  const late = new Date(begin.getTime() + 80 * dayMs);
  const { certificate, key } = await createAuthority('company', 85, begin);
  const company: Authority = { trusted: certificate, signer: { certificate, key } };
  const request = { commonName: 'pg-rw', dnsNames: ['pg-rw'], usages: ['server'], days: 90, thresholdDays: 7 } as const;
  const made = await renewedLeaf(undefined, company, { ...request, now: late });
  const secret = encoded({ 'tls.crt': made?.certificate ?? '', 'tls.key': made?.key ?? '', 'ca.crt': company.trusted });
  expect(await renewedLeaf(secret, company, { ...request, now: late })).toBeUndefined();
});
