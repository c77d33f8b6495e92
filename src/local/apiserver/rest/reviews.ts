import { badRequest } from '../model/errors.ts';
import { jsonObject, type Answer } from '../http/answer.ts';
import { parseDocument } from '../http/body.ts';
import type { Resource } from '../kinds/resource.ts';
import type { Call } from '../call/services.ts';
import type { Loose, User } from '../model/types.ts';
import type { Attributes } from '../auth/rbac.ts';
import { tokenIssuer } from '../auth/tokens.ts';

const userInfo = (user: User): Loose => ({
  username: user.name,
  ...(user.uid && { uid: user.uid }),
  groups: user.groups,
  ...(user.extra && Object.keys(user.extra).length > 0 && { extra: user.extra }),
});

function wantedOf(spec: Loose, user: User): Attributes {
  const attributes = spec.resourceAttributes;
  const path = spec.nonResourceAttributes;
  if (!attributes && !path) throw badRequest('spec.resourceAttributes or spec.nonResourceAttributes is required');
  return {
    user,
    verb: (attributes ?? path).verb ?? '',
    isResource: attributes !== undefined,
    group: attributes?.group ?? '',
    plural: attributes?.resource ?? '',
    subresource: attributes?.subresource ?? '',
    namespace: attributes?.namespace ?? '',
    name: attributes?.name ?? '',
    path: path?.path ?? '',
  };
}

function access(call: Call, spec: Loose, user: User): Loose {
  return { allowed: call.services.rbac.allows(wantedOf(spec, user)) };
}

function rules(call: Call, spec: Loose): Loose {
  const all = call.services.rbac.rules(call.user, spec.namespace ?? '');
  return {
    resourceRules: all.filter((rule) => rule.resources),
    nonResourceRules: all.filter((rule) => rule.nonResourceURLs),
    incomplete: false,
  };
}

function tokenReview(call: Call, spec: Loose): Loose {
  const found = call.services.tokens.authenticate(spec.token ?? '', call.services.now());
  const audiences = ((spec.audiences ?? [tokenIssuer]) as string[]).filter((audience) =>
    found?.audiences.includes(audience),
  );
  if (!found || audiences.length === 0) return { authenticated: false, error: 'invalid bearer token' };
  return { authenticated: true, user: userInfo(found.user), audiences };
}

/** Kinds that are a question: POST, answered in `status`. */
export async function review(call: Call, resource: Resource): Promise<Answer> {
  const body: Loose = parseDocument(await call.body(), call.contentType);
  const spec: Loose = body?.spec ?? {};
  const other = (): User => ({ name: spec.user ?? '', groups: [...(spec.groups ?? []), 'system:authenticated'] });
  const answers: Record<string, () => Loose> = {
    SelfSubjectAccessReview: () => access(call, spec, call.user),
    SubjectAccessReview: () => access(call, spec, other()),
    LocalSubjectAccessReview: () => access(call, spec, other()),
    SelfSubjectRulesReview: () => rules(call, spec),
    SelfSubjectReview: () => ({ userInfo: userInfo(call.user) }),
    TokenReview: () => tokenReview(call, spec),
  };
  const status = answers[resource.kind]?.();
  const { metadata = {} } = body ?? {};
  return jsonObject(201, {
    apiVersion: `${resource.group}/${resource.version}`,
    kind: resource.kind,
    metadata,
    spec,
    status,
  });
}
