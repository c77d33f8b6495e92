import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkFormat, checksumAlgorithms, joinChecksums, startChecksum } from './checksums.ts';
import { combineCrc, crc32Kind, crc32cKind, crc64nvmeKind } from './crc.ts';

// The check values of the CRC catalogue (reveng.sourceforge.io) for the ASCII text "123456789".
test.each([
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
] as const)('%s of 123456789', (algorithm, expected) => {
  const sum = startChecksum(algorithm);
  sum.update(Buffer.from('1234'));
  sum.update(Buffer.from('56789'));
  expect(sum.digest().toString('hex')).toBe(expected);
});

test('CRCs of parts combine to the CRC of the whole', () => {
  for (const kind of [crc32Kind, crc32cKind, crc64nvmeKind]) {
    const of = (data: Uint8Array): Buffer => {
      const crc = kind.start();
      crc.update(Buffer.from(data));
      return crc.digest();
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) =>
        combineCrc(kind, of(a), of(b), b.length).equals(of(Buffer.concat([a, b]))),
      ),
    );
  }
});

test('a composite names the number of its parts', () => {
  const parts = [1, 2, 3].map(() => ({ checksum: 'AAAAAA==', size: 1 }));
  expect(joinChecksums('crc32', 'COMPOSITE', parts).value).toMatch(/^[A-Za-z0-9+/]{6}==-3$/);
});

test('values of the wrong length or alphabet are refused', () => {
  for (const algorithm of checksumAlgorithms) {
    for (const bad of ['', 'AAAA', 'AAAAAA', '!!!!!!==', 'A'.repeat(100)]) {
      expect(() => checkFormat(algorithm, bad)).toThrow('header is invalid');
    }
  }
});
