import { expect, test } from '@jest/globals';
import { encodePath, encodeQuery, sha256Hex, signedHeaders } from './sigv4.ts';

// The examples of the Amazon S3 API reference, "Signature calculations for the Authorization header".
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const host = 'examplebucket.s3.amazonaws.com';
const now = new Date('2013-05-24T00:00:00Z');
const empty = sha256Hex('');

const signatureOf = (request: Parameters<typeof signedHeaders>[0]): string | undefined =>
  /Signature=(\w+)/.exec(signedHeaders(request, credentials, 'us-east-1', now)['authorization'] ?? '')?.[1];

test('a GET with a range', () => {
  const request = {
    method: 'GET',
    host,
    path: '/test.txt',
    query: {},
    headers: { range: 'bytes=0-9' },
    payload: empty,
  };
  expect(signatureOf(request)).toBe('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

test('a PUT of a key with a character that is encoded', () => {
  const request = {
    ...{ method: 'PUT', host, path: encodePath('/test$file.text'), query: {} },
    headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
    payload: sha256Hex('Welcome to Amazon S3.'),
  };
  expect(signatureOf(request)).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
});

test('a listing with a query', () => {
  const query = { prefix: 'J', 'max-keys': '2' };
  const request = { method: 'GET', host, path: '/', query, headers: {}, payload: empty };
  expect(signatureOf(request)).toBe('34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
});

test('what is reserved in a URI is encoded, and the slashes of a path are not', () => {
  expect(encodePath("/a b/c+d('e')!*/ü")).toBe('/a%20b/c%2Bd%28%27e%27%29%21%2A/%C3%BC');
  expect(encodeQuery({ uploads: '', 'a/b': 'c&d' })).toBe('a%2Fb=c%26d&uploads=');
});
