import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { scratchFolder } from '../machine/index.ts';
import { checkSite } from './check-site.ts';
import { anchorsOf, mapLinks } from './markdown.ts';
import { readingOrder, sitePathOf } from './reading-order.ts';
import { onSite } from './write-pages.ts';

test('the order of the pages is that of the tables below Documentation, each page by the first link of its row', () => {
  const readme = `# x

[elsewhere](docs/z.md)

## Documentation

### Use

| page | for |
| --- | --- |
| [b](docs/b.md) | what [a](docs/a.md) leaves open |
| [a](docs/a.md) | |

### Why

| page | for |
| --- | --- |
| [file](LICENSE) | |
| [decisions](docs/decisions/README.md) | |

## Contributing

| [c](docs/c.md) | |
`;
  expect(readingOrder(readme)).toEqual([
    { title: 'Use', pages: ['docs/b.md', 'docs/a.md'] },
    { title: 'Why', pages: ['docs/decisions/README.md'] },
  ]);
});

test.each([
  ['README.md', 'index'],
  ['docs/install.md', 'install'],
  ['docs/decisions/README.md', 'decisions/index'],
  ['docs/decisions/0001-sizes.md', 'decisions/0001-sizes'],
  ['charts/kube-prefetch/README.md', 'chart'],
  ['test/README.md', 'tests'],
  ['CHANGELOG.md', 'changelog'],
  ['SECURITY.md', 'reporting'],
])('%s is %s on the site', (page, path) => {
  expect(sitePathOf(page)).toBe(path);
});

test.each([
  ['docs/install.md', 'running.md#disk', '/running#disk'],
  ['docs/install.md', '#verify', '#verify'],
  ['docs/install.md', '../README.md', '/'],
  ['README.md', 'docs/decisions/README.md#open', '/decisions/#open'],
  ['docs/install.md', '../charts/x/rbac.yaml', '/files/charts/x/rbac.yaml'],
  ['docs/install.md', '../examples/demo/', '/files/examples/demo'],
  ['README.md', 'docs/picture.svg', '/docs/picture.svg'],
  ['README.md', 'https://a.example/b.md', 'https://a.example/b.md'],
])('in %s the link %s becomes %s', (page, target, link) => {
  expect(onSite(page, target)).toBe(link);
});

test('links in code stay as they are', () => {
  const text = '[a](a.md) `[b](b.md)` [`c`](c.md "title")\n```sh\n[d](d.md)\n```\n[e]: e.md\n';
  expect(mapLinks(text, target => `/${target}`)).toBe(
    '[a](/a.md) `[b](b.md)` [`c`](/c.md "title")\n```sh\n[d](d.md)\n```\n[e]: /e.md\n',
  );
});

test('a second heading of the same words has a number behind it', () => {
  expect(anchorsOf('# A `b` c\n## Why, then?\n```sh\n# no heading\n```\n## Why then\n')).toEqual([
    'a-b-c',
    'why-then',
    'why-then-1',
  ]);
});

test('of a site it is said what leads nowhere and what is loaded from elsewhere, and nothing else', async () => {
  const scratch = scratchFolder('kp-site');
  onTestFinished(() => scratch.remove());
  const files = {
    'index.html':
      '<a href="/kp/b.html#part">1</a><a href="/kp/b">2</a><a href="#top">3</a><h1 id="top"></h1><a href="https://a.example">4</a>',
    'b.html':
      '<h2 id="part"></h2><a href="/kp/c">5</a><a href="/kp/#gone">6</a><a href="/b">7</a><img src="https://b.example/x.png"><script src="//c.example/x.js"></script>',
    'a.css': '@import "https://d.example/x.css"; a { background: url(/kp/x.svg) url("https://e.example/y.svg") }',
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(scratch.path, name)), { recursive: true });
    await writeFile(join(scratch.path, name), text);
  }
  expect(await checkSite(scratch.path, '/kp/')).toEqual([
    'b.html leads to /kp/c, which is not there',
    'b.html leads to /kp/#gone, where no such part is',
    'b.html leads to /b, which is not there',
    'b.html loads https://b.example/x.png',
    'b.html loads //c.example/x.js',
    'a.css loads https://d.example/x.css',
    'a.css loads https://e.example/y.svg',
  ]);
});
