import { receiveDocument } from './body.ts';
import { S3Error } from './errors.ts';
import type { Call, Reply } from './operation.ts';
import { noContent, requireBucket, xmlReply } from './operation.ts';

const owner = ['Owner', [['ID', 'howdah'] as const, ['DisplayName', 'howdah'] as const]] as const;
const bucketName = /^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?![.-]))*[a-z0-9]$/;

export const isBucketName = (name: string): boolean => name.length >= 3 && name.length <= 63 && bucketName.test(name);

export const listBuckets = ({ store }: Call): Reply =>
  xmlReply([
    'ListAllMyBucketsResult',
    [
      owner,
      [
        'Buckets',
        store.objects
          .buckets()
          .map(
            ({ name, created }) =>
              [
                'Bucket',
                [['Name', name] as const, ['CreationDate', new Date(created).toISOString()] as const],
              ] as const,
          ),
      ],
    ],
  ]);

export async function createBucket({ store, request, authenticated }: Call): Promise<Reply> {
  const name = request.bucket;
  if (!isBucketName(name)) throw new S3Error('InvalidBucketName', `"${name}" is not a bucket name.`);
  // A location constraint would change nothing on one machine; the body is read for its signature.
  if (Number(request.header('content-length') ?? 0) > 0) await receiveDocument(request, authenticated);
  const added = await store.change(() => ({ value: store.objects.addBucket(name, store.now()) }));
  if (!added) throw new S3Error('BucketAlreadyOwnedByYou', `The bucket "${name}" is there already.`);
  return { status: 200, headers: { location: `/${name}` } };
}

export function headBucket(call: Call): Reply {
  requireBucket(call);
  return { status: 200, headers: { 'x-amz-bucket-region': 'us-east-1' } };
}

export function bucketLocation(call: Call): Reply {
  requireBucket(call);
  // Empty stands for us-east-1.
  return xmlReply(['LocationConstraint', '']);
}

export function bucketVersioning(call: Call): Reply {
  requireBucket(call);
  return xmlReply(['VersioningConfiguration', []]);
}

export async function deleteBucket(call: Call): Promise<Reply> {
  const { store, request } = call;
  await store.change(() => {
    requireBucket(call);
    if (!store.objects.isEmpty(request.bucket)) throw new S3Error('BucketNotEmpty', 'The bucket is not empty.');
    const unused: string[] = [];
    for (const upload of store.uploads.after(request.bucket, '', '', 1_000_000)) {
      unused.push(...store.objects.dropReferences(store.uploads.parts(upload.id).map((part) => part.blob)));
      store.uploads.remove(upload.id);
    }
    store.objects.removeBucket(request.bucket);
    return { value: undefined, unused };
  });
  return noContent;
}
