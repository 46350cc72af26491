import type { ImageRef, PrefetchSpec, ResourceRef, Toleration } from '@kube-prefetch/protocol';

/**
 * All that decisions are made from, projected to the fields they read. Parts that did not change keep their identity from
 * one read to the next, so results can be memoised by it.
 */
export interface ClusterState {
  readonly resources: readonly Resource[];
  readonly workloads: readonly Workload[];
  /** Kinds of workloads that are read besides Kubernetes' own. Undefined: none. */
  readonly kinds?: readonly KnownKind[] | undefined;
  /** What is read of pods. Undefined: this source has none. */
  readonly pods?: SeenPods | undefined;
  readonly namespaces: readonly Namespace[];
  readonly nodes: readonly Node[];
  readonly deviceClasses: readonly DeviceClass[];
  readonly resourceSlices: readonly ResourceSlice[];
  /** Undefined: none has been read. */
  readonly serviceAccounts?: readonly ServiceAccount[] | undefined;
  /** The coordinator's, whose Secrets ClusterPrefetches name. Undefined: no Secret may be read, so no ask brings any. */
  readonly ownNamespace?: string | undefined;
  /** What could not be read, a sentence each. Not empty: plans are incomplete. */
  readonly gaps: readonly string[];
}

/** A Prefetch or ClusterPrefetch, or what another operator's resource says in their words. */
export interface Resource {
  readonly ref: ResourceRef;
  /** `metadata.uid`: one of the same name with another is another resource. Absent where no API server gave one. */
  readonly uid?: string;
  readonly generation: number;
  readonly spec: PrefetchSpec;
  /**
   * Of another operator, which pulled by pods of its own: in the resource's namespace, with the names of the workload's pull secrets, and
   * nothing else of what the workload says of its pods. Images are wanted where such pods could run.
   */
  readonly ownPods?: true;
  /** Why it is not accepted, a sentence each, as the schema and the cross-field rules say; not empty: it asks for nothing. */
  readonly problems: readonly string[];
  /** Pods that its status remembers. */
  readonly recentPods?: readonly KeptPod[];
}

/** Pods that are or were there, and what their images are kept warm by. Equal ones are one. */
export interface KeptPod extends Pick<Workload, 'namespace' | 'annotations' | 'pod'> {
  /** RFC 3339, when the last of them was gone; absent while one is there. */
  readonly lastUsed?: string;
}

export interface SeenPods {
  /** False: the coordinator has no right to, so nothing is known of them. */
  readonly allowed: boolean;
  /** All that are wanted have been read once. */
  readonly read: boolean;
  /** What of them cannot be read, a sentence each. Not empty: the plans of those who want to know of pods are incomplete. */
  readonly gaps: readonly string[];
  /** Of pods with a controller that some resource wants to know about. */
  readonly admitted: readonly AdmittedPods[];
  /** Every pod, of kind Pod, where some resource names that kind; else none. */
  readonly all: readonly Workload[];
}

/** Pods of one controller that were made from the same template, and what the newest of them carries after admission. */
export interface AdmittedPods {
  readonly namespace: string;
  readonly owner: WorkloadOwner;
  /** Labels by which controllers tell the templates of pods apart. */
  readonly revision: Labels;
  /** None of them is left. */
  readonly gone: boolean;
  /** Their controller as it was when the pod was read: a Job may be gone before its CronJob. */
  readonly made?: Workload;
  readonly pod: PodSpec;
}

export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

export type Labels = Readonly<Record<string, string>>;

/** By resource. */
export type Amounts = Readonly<Record<string, number>>;

export interface KindRef {
  /** `apps`, `argoproj.io`. */
  readonly group: string;
  readonly kind: string;
}

/** A kind of workloads that resources may name. */
export interface KnownKind extends KindRef {
  /** All objects of it that there were have been read once. */
  readonly read: boolean;
  /** Its controller makes the templates of the pods itself: its workloads are those of another kind that it makes. */
  readonly makes?: MadeWorkloads;
  /** What of it cannot be read, a sentence each. Not empty: the plans of those who name it are incomplete. */
  readonly gaps: readonly string[];
  /** What those who name it should know, a sentence each. */
  readonly notes: readonly string[];
}

export interface MadeWorkloads extends KindRef {
  /** A label that all of them carry; absent: their controller is an object of the kind. */
  readonly label?: string;
}

/** A template of pods, and the object that has it. */
export interface Workload extends KindRef {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** Where its object has several: which one it is, `spec.headGroupSpec.template`. */
  readonly template?: string;
  /** Its controller. */
  readonly owner?: WorkloadOwner;
  /** It has no template of its own, `pod` is empty: its pods are those of another workload of its namespace. */
  readonly reference?: WorkloadOwner;
  /** Why it has no pods now, unless it may have some. */
  readonly resting?: 'scaled to zero' | 'suspended';
  /** Of a ReplicaSet whose controller is no Deployment but, say, a Rollout. */
  readonly revision?: Revision;
  /** It completed or failed for good, and starts no more pods. */
  readonly finished: boolean;
  /** The label that pods of its template as it is now carry; absent where that is not known. */
  readonly podRevision?: readonly [label: string, value: string];
  /** Of a pod that has ended: when, RFC 3339. */
  readonly endedAt?: string;
  /** Absent where there is none. */
  readonly annotations?: WorkloadAnnotations;
  readonly pod: PodSpec;
}

/** What people say of a workload by annotations of ours, on it or on its pod template. */
export interface WorkloadAnnotations {
  /** Names of containers, init containers and image volumes whose images are left out; `all`: every image. */
  readonly exclude?: 'all' | readonly string[];
  /** Whether `onlyAnnotated` finds it; `unclear` where what is said cannot be understood. Absent: nothing is said, or no. */
  readonly prefetch?: 'yes' | 'unclear';
  /** What cannot be understood, a sentence each. */
  readonly problems: readonly string[];
}

export interface WorkloadOwner extends KindRef {
  readonly name: string;
}

/** One of the ReplicaSets of one controller. */
export interface Revision {
  /** The controller's uid. */
  readonly controller: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** It has no replicas. */
  readonly idle: boolean;
}

export type PullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** An image as a pod template writes it; the policy absent where the template leaves it to the kubelet's default. */
export interface PodImage {
  readonly image: ImageRef;
  /** Of its container or volume; a manifest may have none. */
  readonly name?: string;
  readonly pullPolicy?: PullPolicy;
}

/** What of a pod template decides which images and which nodes. */
export interface PodSpec {
  readonly containers: readonly PodImage[];
  /** Sidecars included. */
  readonly initContainers: readonly PodImage[];
  /** `volumes[].image`. */
  readonly imageVolumes: readonly PodImage[];
  readonly nodeName?: string;
  readonly nodeSelector?: Labels;
  /** `affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`. */
  readonly nodeAffinity?: NodeSelector;
  readonly tolerations: readonly Toleration[];
  /** Secrets by name, in order; '' where an entry has no name. Absent: those of the ServiceAccount. */
  readonly imagePullSecrets?: readonly string[];
  /** Absent: `default`. */
  readonly serviceAccountName?: string;
  /** `spec.os.name`. */
  readonly os?: string;
  /** Extended resources that the pod requests, `nvidia.com/gpu`, all above zero; CPU, memory, storage and hugepages are left out. */
  readonly extendedResources: Amounts;
}

export interface ServiceAccount {
  readonly namespace: string;
  readonly name: string;
  /** Secrets of its namespace by name, in order. */
  readonly imagePullSecrets: readonly string[];
}

/** Terms are alternatives; within a term everything must match. */
export interface NodeSelector {
  readonly terms: readonly NodeSelectorTerm[];
}

export interface NodeSelectorTerm {
  readonly matchExpressions: readonly NodeRequirement[];
  readonly matchFields: readonly NodeRequirement[];
}

export interface NodeRequirement {
  readonly key: string;
  readonly operator: string;
  readonly values: readonly string[];
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

export const PRESSURES = ['DiskPressure', 'MemoryPressure', 'PIDPressure'] as const;
export type Pressure = (typeof PRESSURES)[number];

export interface Node {
  readonly name: string;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  /** `spec.unschedulable`: cordoned. */
  readonly unschedulable: boolean;
  readonly deleting: boolean;
  /** The Ready condition is True. */
  readonly ready: boolean;
  /** Of these conditions, the ones that are True. */
  readonly pressures: readonly Pressure[];
  /** `status.nodeInfo.containerRuntimeVersion`, `containerd://1.6.20`; absent where unknown. */
  readonly runtimeVersion?: string;
  /** Extended resources that it can have, used or not: the larger of capacity and allocatable. 0: its kubelet knows the name. */
  readonly extendedResources: Amounts;
  /** What it counts as having beside them. No source sets it, but `expectResources`. */
  readonly expectedResources?: Readonly<Record<string, ExpectedResource>>;
  /** It may have had resources that nobody remembers: agents drop nothing because of its plan. */
  readonly resourcesUnknown?: boolean;
}

export interface ExpectedResource {
  readonly amount: number;
  /** Why it counts, for sentences. */
  readonly because: string;
}

/** Of Dynamic Resource Allocation: devices that pods can request, also as an extended resource. */
export interface DeviceClass {
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** `spec.extendedResourceName`. */
  readonly extendedResource?: string;
  /** Whose devices its selectors take; absent where that cannot be told: any. */
  readonly driver?: string;
}

/** Devices that a driver has published. */
export interface ResourceSlice {
  readonly driver: string;
  readonly pool: string;
  /** Of the slices of one pool only those with the highest count. */
  readonly generation: number;
  readonly devices: readonly Devices[];
}

/** Devices that the same nodes have: those that both fields choose; all where both are absent. */
export interface Devices {
  readonly count: number;
  readonly nodeName?: string;
  readonly nodeSelector?: NodeSelector;
}
