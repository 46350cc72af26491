import { expect, test } from 'vitest';
import { createLog, type LogLevel } from './log.ts';

function linesAt(level: LogLevel): { lines: Record<string, unknown>[]; log: ReturnType<typeof createLog> } {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, log: createLog({ level, name: 'agent', version: '1.2.3', destination }) };
}

test('a line is one JSON object with the level by name and the time as RFC 3339', () => {
  const { lines, log } = linesAt('info');
  log.info({ image: 'nginx' }, 'pull started');
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      name: 'agent',
      version: '1.2.3',
      image: 'nginx',
      msg: 'pull started',
    },
  ]);
});

test('lines below the level are left out', () => {
  const { lines, log } = linesAt('warn');
  log.info({}, 'not this');
  log.warn({}, 'this');
  expect(lines.map(line => line.msg)).toEqual(['this']);
});

test('an error is logged with its message, stack and cause', () => {
  const { lines, log } = linesAt('info');
  log.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'unhandled error');
  expect(lines[0]?.err).toMatchObject({ type: 'Error', message: expect.stringContaining('outer: inner') });
});
