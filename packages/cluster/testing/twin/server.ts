import { isDeepStrictEqual } from 'node:util';
import { type Clock, timestamp } from '@kube-prefetch/time';
import {
  KubeApiError,
  type KubeFailure,
  type KubeKind,
  type KubeObject,
  type KubePage,
  type KubeWrite,
  type ObjectName,
  type PageRequest,
  type ServedKind,
  type ServedKinds,
} from '../../src/api/kube-api.ts';
import { CLUSTER_PREFETCHES, PREFETCHES } from '../../src/api/kinds.ts';
import { collectionPath, listPath, objectPath, replacePath } from '../../src/api/requests.ts';
import {
  hasStatus,
  inPlaceOf,
  isGoodName,
  overTheWire,
  withIdentity,
  withStatusOf,
  withStatusPatch,
  withoutStatus,
} from './object-rules.ts';
import { type TwinStore, createTwinStore } from './store.ts';

/** Answers requests that have arrived, at once and one after the other. */
export interface TwinServer {
  readonly store: TwinStore;
  list(kind: KubeKind, page: PageRequest): KubePage;
  get(kind: KubeKind, name: ObjectName): KubeObject;
  write(write: KubeWrite): KubeObject;
  /** Creates or replaces as a user would, including the status when `object` has one. */
  apply(kind: KubeKind, object: Readonly<Record<string, unknown>>): KubeObject;
  /** Throws when requests about the kind are refused. */
  admit(kind: KubeKind, what: string): void;
  refuse(kind: KubeKind, failure: KubeFailure): void;
  allow(kind: KubeKind): void;
  served(groups: readonly string[]): ServedKinds;
  install(kind: KubeKind): void;
  terminate(kind: KubeKind): void;
  uninstall(kind: KubeKind): void;
}

export function createTwinServer(clock: Clock): TwinServer {
  const store = createTwinStore();
  const refused = new Map<string, KubeFailure>();
  const served = new Map<string, ServedKind>();
  const install = (kind: KubeKind, creatable = true) => void served.set(listPath(kind), { ...kind, creatable });
  for (const kind of [PREFETCHES, CLUSTER_PREFETCHES]) install(kind);
  let created = 0;

  const create = (kind: KubeKind, object: KubeObject): KubeObject => {
    created += 1;
    const uid = `00000000-0000-4000-8000-${String(created).padStart(12, '0')}`;
    return store.put(kind, withIdentity(kind, object, uid, timestamp(clock).replace(/\.\d+Z$/, 'Z')));
  };
  /** A write that changes nothing makes no new version. */
  const change = (kind: KubeKind, object: KubeObject, current: KubeObject): KubeObject =>
    isDeepStrictEqual(object, current) ? current : store.put(kind, object);

  return {
    store,
    list: (kind, page) => pageOf(store, kind, page),
    get(kind, name) {
      const object = store.get(kind, name);
      if (object === undefined) throw new KubeApiError('NotFound', `GET ${objectPath(kind, name)}: not found`);
      return object;
    },
    write(write) {
      const { kind } = write;
      if (write.verb === 'patchStatus') {
        const what = `PATCH ${objectPath(kind, write.name)}/status`;
        const current = hasStatus(kind) ? store.get(kind, write.name) : undefined;
        if (current === undefined) throw new KubeApiError('NotFound', `${what}: not found`);
        if ((write.resourceVersion ?? current.metadata.resourceVersion) !== current.metadata.resourceVersion)
          throw new KubeApiError('Conflict', `${what}: the object has been modified`);
        return change(kind, withStatusPatch(current, write.status), current);
      }
      const object = overTheWire(kind, write.object);
      const current = store.get(kind, object.metadata);
      if (write.verb === 'create') {
        refuseToCreate(kind, object, current);
        return create(kind, withoutStatus(kind, object));
      }
      const replaced = checkedCurrent(kind, object, current);
      return change(kind, inPlaceOf(kind, withStatusOf(kind, object, replaced), replaced), replaced);
    },
    apply(kind, given) {
      const object = overTheWire(kind, given);
      const current = store.get(kind, object.metadata);
      if (current === undefined) return create(kind, object);
      const whole = object.status === undefined ? withStatusOf(kind, object, current) : object;
      return change(kind, inPlaceOf(kind, whole, current), current);
    },
    admit(kind, what) {
      const failure = refused.get(listPath(kind));
      if (failure !== undefined) throw new KubeApiError(failure, `${what}: ${kind.plural} are refused`);
    },
    refuse: (kind, failure) => void refused.set(listPath(kind), failure),
    allow: kind => void refused.delete(listPath(kind)),
    served: groups => ({
      kinds: [...served.values()].filter(({ apiVersion }) => groups.includes(apiVersion.split('/')[0] ?? '')),
      unknown: [],
    }),
    install(kind) {
      install(kind);
      refused.delete(listPath(kind));
    },
    terminate(kind) {
      install(kind, false);
      for (const [, { metadata }] of store.at(kind, store.revision())) store.remove(kind, metadata);
    },
    uninstall(kind) {
      served.delete(listPath(kind));
      refused.set(listPath(kind), 'NotFound');
    },
  };
}

function pageOf(store: TwinStore, kind: KubeKind, { limit, after, namesOnly }: PageRequest): KubePage {
  const [moment, last] = after === undefined ? [store.revision(), ''] : readToken(after);
  if (!store.remembers(moment)) {
    throw new KubeApiError('Expired', `GET ${listPath(kind)}: the continue token is too old`);
  }
  const left = store.at(kind, moment).filter(([key]) => key > last);
  const page = left.slice(0, limit);
  const end = page.at(-1)?.[0];
  return {
    items: page.map(([, object]) =>
      namesOnly || kind.metadataOnly ? overTheWire(kind, { metadata: object.metadata }) : object,
    ),
    resourceVersion: String(moment),
    ...(left.length > page.length && end !== undefined ? { next: `${moment} ${end}` } : {}),
  };
}

function readToken(token: string): readonly [moment: number, last: string] {
  const space = token.indexOf(' ');
  return [Number(token.slice(0, space)), token.slice(space + 1)];
}

function refuseToCreate(kind: KubeKind, object: KubeObject, current: KubeObject | undefined): void {
  const { name, namespace, resourceVersion } = object.metadata;
  const what = `POST ${collectionPath(kind, namespace)}: ${name}`;
  if (!isGoodName(name)) throw new KubeApiError('Invalid', `${what}: metadata.name is not a DNS subdomain`);
  if (resourceVersion !== undefined) throw new KubeApiError('Invalid', `${what}: a new object has no resourceVersion`);
  if (current !== undefined) throw new KubeApiError('AlreadyExists', `${what}: already exists`);
}

function checkedCurrent(kind: KubeKind, { metadata }: KubeObject, current: KubeObject | undefined): KubeObject {
  const what = `PUT ${replacePath(kind, metadata)}`;
  if (current === undefined) throw new KubeApiError('NotFound', `${what}: not found`);
  if (metadata.resourceVersion !== current.metadata.resourceVersion) {
    throw new KubeApiError('Conflict', `${what}: the object has been modified`);
  }
  if (metadata.uid !== undefined && metadata.uid !== current.metadata.uid) {
    throw new KubeApiError('Conflict', `${what}: the object has another uid`);
  }
  return current;
}
