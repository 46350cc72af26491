/**
 * @peculiar/x509 needs an API for the metadata of classes and records nothing with it, so an empty one will do. Import this
 * file before it.
 */
Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
