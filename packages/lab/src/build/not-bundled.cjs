// Stands in for parts of dockerode that a local socket never reaches (SSH, BuildKit): loads, and throws when used.
function notBundled() {
  throw new Error('not part of this bundle: only local Docker sockets are supported');
}
module.exports = new Proxy(notBundled, { get: () => notBundled });
