// Brings node_modules in line with package-lock.json, Node 24 included, so that every npm script works in a fresh clone.
// Plain JavaScript for the system's Node, which may be too old to run TypeScript. After it, the scripts of package.json say
// `hash -r`: their shell would otherwise remember the system's node and not find the one that was just installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const self = fileURLToPath(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const lockFile = join(root, 'package-lock.json');
const stamp = join(root, 'node_modules', '.set-up-from');
const bundledNode = join(root, 'node_modules', '.bin', 'node');
const lock = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
/** Exit code of flock for "somebody else has it". */
const TAKEN = 75;

if (process.argv[2] === 'install') install();
else if (!isCurrent()) installInTurn();

const [major] = process.versions.node.split('.').map(Number);
if (!existsSync(bundledNode) && major < 24) {
  fail(
    `Node 24 or newer is needed; this is ${process.version}, and npm offers no Node build for ${process.platform} ${process.arch}. Install Node 24 and run this again.`,
  );
}

function isCurrent() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lock;
}

/** Several npm scripts may start at once in a fresh clone: one installs, the others wait and find it done. */
function installInTurn() {
  const program = [process.execPath, self, 'install'];
  const flock = (...flags) => spawnSync('flock', [...flags, lockFile, ...program], { cwd: root, stdio: 'inherit' });
  let { status, error } = flock('--nonblock', '--conflict-exit-code', String(TAKEN));
  if (error?.code === 'ENOENT') return install(); // no flock: not Linux
  if (status === TAKEN) {
    process.stdout.write('set-up: waiting for another process that installs the npm packages of this folder\n');
    ({ status, error } = flock());
  }
  if (status !== 0) process.exit(status ?? 1);
}

function install() {
  if (isCurrent()) return;
  process.stdout.write(
    'set-up: installing the npm packages of package-lock.json, Node 24 among them (about half a minute)\n',
  );
  const npm = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', npm, { cwd: root, stdio: 'inherit' });
  if (status !== 0) fail('npm ci failed (see above); it needs the npm registry, once per package-lock.json');
  writeFileSync(stamp, lock);
}

function fail(message) {
  process.stderr.write(`set-up: ${message}\n`);
  process.exit(1);
}
