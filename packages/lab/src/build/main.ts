import { rm } from 'node:fs/promises';
import { bundle, PROGRAMS } from './bundle.ts';

/** `npm run build`: one file per program under dist/. */
await rm('dist', { recursive: true, force: true });
for (const program of PROGRAMS) {
  const { file, sizeBytes } = await bundle(program, 'dist');
  console.log(`${file} (${Math.round(sizeBytes / 1024)} KiB)`);
}
