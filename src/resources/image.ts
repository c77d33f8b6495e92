/** The tag of an image reference, '' when there is none. A digest after the tag is not looked at. */
export function imageTag(image: string): string {
  const withoutDigest = image.split('@')[0] ?? '';
  const last = withoutDigest.slice(withoutDigest.lastIndexOf('/') + 1);
  const colon = last.indexOf(':');
  return colon === -1 ? '' : last.slice(colon + 1);
}

/** The PostgreSQL major version that a tag begins with (`18.6-system-trixie` → 18), or undefined. */
export function imageMajor(image: string): number | undefined {
  const digits = /^(\d+)/.exec(imageTag(image))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
