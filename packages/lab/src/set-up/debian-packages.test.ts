import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { declarePackages, installMissing, needDebianPackages } from './debian-packages.ts';

const absent = (n: number) => ({ package: `kpf-absent${n}`, program: `kpf-program${n}`, why: 'prove a point' });
const PATH = process.env.PATH;
/** An apt-get that refuses to run beside another one, as the real one does, and makes a program for each package. */
const APT_GET = `#!/bin/sh
cd "$(dirname "$0")"
if ! mkdir lock 2>/dev/null; then
  echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)' >&2
  exit 100
fi
echo "$*" >>log
cat policy >>log
sleep 0.1
for name in kpf-program1 kpf-program2 kpf-program3; do
  case "$*" in *install*absent\${name#kpf-program}*) echo >$name; chmod +x $name;; esac
done
rmdir lock
`;

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'need-debian-packages-'));
  writeFileSync(join(folder, 'apt-get'), APT_GET);
  chmodSync(join(folder, 'apt-get'), 0o755);
  vi.stubEnv('PATH', `${folder}:${PATH}`);
  said = [];
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const options = () => ({
  say: (line: string) => said.push(line),
  uid: 0,
  policyFile: join(folder, 'policy'),
  lockFile: join(folder, 'turn'),
  lookAgainMs: 50,
});
const installs = () =>
  readFileSync(join(folder, 'log'), 'utf8')
    .split('\n')
    .filter(line => line.includes('install'));

test('nothing happens where every program is there', async () => {
  await installMissing([{ package: 'coreutils', program: 'ls', why: 'list files' }], options());
  expect(said).toEqual([]);
});

test('who may not install is told what is missing and why', async () => {
  await expect(installMissing([absent(1)], { ...options(), uid: 1000 })).rejects.toThrow(
    'kpf-absent1 (program kpf-program1), to prove a point',
  );
});

test('three who want packages at once install one after the other, and each package once', async () => {
  const wants = [[absent(1)], [absent(1), absent(2)], [absent(3), absent(1)]];
  await Promise.all(wants.map(needed => installMissing(needed, options())));
  for (const name of ['kpf-absent1', 'kpf-absent2', 'kpf-absent3'])
    expect(installs().filter(line => line.includes(name))).toHaveLength(1);
  expect(said.join('\n')).toMatch(
    /Waiting for (process \d+, which is installing Debian packages \(kpf-absent|another process)/,
  );
});

test("somebody else's apt is waited for, and the wait says for what", async () => {
  writeFileSync(join(folder, 'lock'), '');
  const say = (line: string) => {
    said.push(line);
    if (line.startsWith('Waiting')) rmSync(join(folder, 'lock'));
  };
  await installMissing([absent(1)], { ...options(), say });
  expect(said.filter(line => line.startsWith('Waiting'))).toEqual([
    'Waiting for another apt: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (apt-get)',
  ]);
});

test.each([
  ['none', undefined],
  ['one of the machine', '#!/bin/sh\nexit 0\n'],
  ['one that a killed installation left', '#!/bin/sh\nexit 101\n'],
])('no service is started meanwhile, and the policy is again what it was: %s', async (_, before) => {
  const { policyFile } = options();
  if (before !== undefined) writeFileSync(policyFile, before);
  await installMissing([absent(1)], options());
  expect(readFileSync(join(folder, 'log'), 'utf8')).toContain('exit 101');
  const after = existsSync(policyFile) ? readFileSync(policyFile, 'utf8') : undefined;
  expect(after).toBe(before?.includes('101') ? undefined : before);
});

test('a package that a command did not declare at its start is refused, also where it is installed', async () => {
  vi.stubEnv('KUBE_PREFETCH_PACKAGES', undefined);
  declarePackages(['mount']);
  await needDebianPackages(['mount']);
  await expect(needDebianPackages(['util-linux'])).rejects.toThrow('needs util-linux and did not say so at its start');
});
