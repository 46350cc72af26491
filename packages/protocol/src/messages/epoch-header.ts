/** On every answer of a coordinator that leads: the number of its term. An agent believes no lower one than it has seen. */
export const EPOCH_HEADER = 'kube-prefetch-epoch';
