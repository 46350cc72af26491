import process from 'node:process';
import { parseArgs } from 'node:util';
import { buildSite } from './build-site.ts';
import { serveFolder } from './serve-folder.ts';

const HELP = `npm run docs [-- --build] [-- --port N] [-- --base PATH]

Builds README.md, docs/ and what they link to as a site with a search, checks every link and anchor in it, and serves it on
loopback until it is stopped. Nothing in it is loaded from another host.

  --build       build and check only; the site is website/dist/site
  --port N      where to serve it (default 8000)
  --base PATH   where the site will lie on its host, such as /kube-prefetch/ (default /); only with --build
  --help        this
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`docs: ${(error as Error).message}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      build: { type: 'boolean' },
      port: { type: 'string', default: '8000' },
      base: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  if (values.base !== undefined && !values.build) throw new Error('--base: expected --build with it');
  if (values.base !== undefined && !/^\/(.*\/)?$/.test(values.base))
    throw new Error(`--base: expected a path that begins and ends with /, got ${values.base}`);
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`--port: expected a port, got ${values.port}`);
  const { folder, problems } = await buildSite(values.base === undefined ? {} : { base: values.base });
  for (const problem of problems) process.stderr.write(`docs: ${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
  if (values.build) return void process.stdout.write(`${folder}\n`);
  await serveFolder(folder, port);
  process.stdout.write(`http://127.0.0.1:${port}/\n`);
}
