// Brings node_modules in line with package-lock.json, Node 24 included, so that every npm script works in a fresh clone.
// Plain JavaScript for the system's Node, which may be too old to run TypeScript. After it, the scripts of package.json say
// `hash -r`: their shell would otherwise remember the system's node and not find the one that was just installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules', '.set-up-from');
const bundledNode = join(root, 'node_modules', '.bin', 'node');
const lock = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
  process.stdout.write(
    'set-up: installing the npm packages of package-lock.json, Node 24 among them (about half a minute)\n',
  );
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) {
    process.stderr.write('set-up: npm ci failed (see above); it needs the npm registry, once per package-lock.json\n');
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

const [major] = process.versions.node.split('.').map(Number);
if (!existsSync(bundledNode) && major < 24) {
  process.stderr.write(
    `set-up: Node 24 or newer is needed; this is ${process.version}, and npm offers no Node build for ${process.platform} ${process.arch}. Install Node 24 and run this again.\n`,
  );
  process.exit(1);
}
