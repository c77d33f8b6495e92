import { bucketLocation, bucketVersioning, createBucket, deleteBucket, headBucket, listBuckets } from './buckets.ts';
import { completeUpload } from './complete.ts';
import { copyObject } from './copy.ts';
import { deleteObject, deleteObjects } from './delete.ts';
import { S3Error } from './errors.ts';
import { getObject } from './get.ts';
import { listObjectsV1, listObjectsV2 } from './list.ts';
import { abortUpload, createUpload, listParts, listUploads, uploadPart, uploadPartCopy } from './multipart.ts';
import type { Operation } from './operation.ts';
import { putObject } from './put.ts';
import type { S3Request } from './request.ts';
import { deleteTagging, getTagging, putTagging } from './tagging.ts';

/** Sub-resources of S3 that the store does not have. Passing over them would do something else than was asked. */
const unsupported = new Set(
  (
    'accelerate acl analytics attributes cors encryption intelligent-tiering inventory legal-hold lifecycle logging metadataTable ' +
    'metrics notification object-lock ownershipControls policy policyStatus publicAccessBlock renameObject replication ' +
    'requestPayment restore retention select session torrent versions website'
  ).split(' '),
);

interface Route {
  readonly method: string;
  /** Query parameters that have to be there; the first route whose are wins. */
  readonly with?: readonly string[];
  /** A header that has to be there. */
  readonly header?: string;
  readonly operation: Operation;
}

const copy = 'x-amz-copy-source';

const bucketRoutes: readonly Route[] = [
  { method: 'GET', with: ['location'], operation: bucketLocation },
  { method: 'GET', with: ['uploads'], operation: listUploads },
  { method: 'GET', with: ['versioning'], operation: bucketVersioning },
  { method: 'GET', with: ['list-type'], operation: listObjectsV2 },
  { method: 'GET', operation: listObjectsV1 },
  { method: 'HEAD', operation: headBucket },
  { method: 'PUT', operation: createBucket },
  { method: 'DELETE', operation: deleteBucket },
  { method: 'POST', with: ['delete'], operation: deleteObjects },
];

const objectRoutes: readonly Route[] = [
  { method: 'GET', with: ['uploadId'], operation: listParts },
  { method: 'GET', with: ['tagging'], operation: getTagging },
  { method: 'GET', operation: getObject },
  { method: 'HEAD', operation: getObject },
  { method: 'PUT', with: ['uploadId', 'partNumber'], header: copy, operation: uploadPartCopy },
  { method: 'PUT', with: ['uploadId', 'partNumber'], operation: uploadPart },
  { method: 'PUT', with: ['tagging'], operation: putTagging },
  { method: 'PUT', header: copy, operation: copyObject },
  { method: 'PUT', operation: putObject },
  { method: 'DELETE', with: ['uploadId'], operation: abortUpload },
  { method: 'DELETE', with: ['tagging'], operation: deleteTagging },
  { method: 'DELETE', operation: deleteObject },
  { method: 'POST', with: ['uploads'], operation: createUpload },
  { method: 'POST', with: ['uploadId'], operation: completeUpload },
];

export function operationFor(request: S3Request): Operation {
  const other = request.query.find(([name]) => unsupported.has(name))?.[0];
  if (other !== undefined) throw new S3Error('NotImplemented', `The store does not have the sub-resource ${other}.`);
  if (request.bucket === '') {
    if (request.method === 'GET') return listBuckets;
    throw new S3Error('MethodNotAllowed', 'The service itself is only read.');
  }
  const onlyPlain = (route: Route): boolean =>
    route.with !== undefined || !['versioning', 'tagging', 'uploads'].some(has);
  const has = (name: string): boolean => request.parameter(name) !== undefined;
  const route = (request.key === '' ? bucketRoutes : objectRoutes).find(
    (candidate) =>
      candidate.method === request.method &&
      (candidate.with ?? []).every(has) &&
      onlyPlain(candidate) &&
      (candidate.header === undefined || request.header(candidate.header) !== undefined),
  );
  if (!route) throw new S3Error('MethodNotAllowed', 'The method is not allowed on this resource.');
  return route.operation;
}
