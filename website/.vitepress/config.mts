import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';
import { slugOf } from '../../packages/lab/src/docs/markdown.ts';

// `npm run docs` at the repository's root writes the pages and this index before it builds.
const index = JSON.parse(readFileSync('dist/index.json', 'utf8'));

export default defineConfig({
  title: 'kube-prefetch',
  description: 'Keeps container images warm on the nodes of a Kubernetes cluster, so that pods start without pulling',
  srcDir: 'dist/pages',
  outDir: 'dist/site',
  cacheDir: 'dist/cache',
  // Links are checked with their anchors once the site is built.
  ignoreDeadLinks: true,
  markdown: { anchor: { slugify: slugOf } },
  themeConfig: {
    sidebar: index.sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: { _render: (src, env, md) => (env.frontmatter?.search === false ? '' : md.render(src, env)) },
    },
  },
});
