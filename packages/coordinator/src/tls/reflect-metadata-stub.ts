/**
 * @peculiar/x509 insists on an API for metadata of classes, and records none with it: an empty one will do. Imported before
 * it, once.
 */
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
