/**
 * In place of `import 'node:http'`, for which Node reads every export of that module: one of them is WebSocket, and reading it loads
 * Node's fetch, which takes 5 MiB.
 */
module.exports = process.getBuiltinModule('node:http');
