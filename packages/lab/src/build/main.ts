import { rm } from 'node:fs/promises';
import { bundle, NODE_ENV, NODE_FLAGS, type Program, PROGRAMS } from './bundle.ts';

/** `npm run build`: one bundle per program under dist/. */
await rm('dist', { recursive: true, force: true });
for (const program of PROGRAMS) {
  const { file, sizeBytes } = await bundle(program, 'dist');
  console.log(`${file} (${Math.round(sizeBytes / 1024)} KiB); run it with: ${commandOf(program, file)}`);
}

function commandOf(program: Program, file: string): string {
  const env = Object.entries(NODE_ENV[program]).map(([name, value]) => `${name}=${value}`);
  return [...env, 'node', ...NODE_FLAGS[program], file].join(' ');
}
