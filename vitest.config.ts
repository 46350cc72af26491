import { readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const folders = readdirSync('test', { withFileTypes: true })
  .filter(entry => entry.isDirectory())
  .map(entry => entry.name);

/** One project per folder that can be run alone: `npx vitest run --project unit`. What each proves is in test/README.md. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/{src,testing}/**/*.test.ts'],
          testTimeout: 180_000, // only for what hangs: some compute for seconds, and machines are slow
          // No module of ours has state of its own, so files may share what they import: a quarter of the time.
          pool: 'threads',
          isolate: false,
        },
      },
      ...folders.map(folder => ({
        test: {
          name: folder,
          include: [`test/${folder}/**/*.test.ts`],
          // Real processes: one file at a time on two cores, and time for a slow machine: only what hangs takes so long.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 1_800_000, // a first run builds Kubernetes in a hook
        },
      })),
    ],
  },
});
