import type { Child } from '@kube-prefetch/lab/machine';
import { scratchFolder } from '@kube-prefetch/lab/machine';
import { findProgram, need } from '@kube-prefetch/lab/set-up';
import type { CellReport } from '@kube-prefetch/protocol';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Fleet, prepareFleet } from './start-fleet.ts';

const scratch = scratchFolder('kp-browser');
const SINCE = '2026-01-01T00:00:00.000Z';
let browser: Browser;
let fleet: Fleet;
const children: Child[] = [];

beforeAll(async () => {
  await need('browser');
  browser = await chromium.launch({ executablePath: findProgram('chromium'), args: ['--no-sandbox'] });
  fleet = await prepareFleet(scratch.path);
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(child => child.kill()));
});
afterAll(async () => {
  await browser?.close();
  scratch.remove();
});

async function start(): Promise<void> {
  children.push(await fleet.start());
}

/** A page on which nothing was refused, failed, or asked of anybody else. */
async function openPage(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const wrong: string[] = [];
  page.on('pageerror', error => wrong.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error' && !message.text().includes('net::ERR_')) wrong.push(message.text());
  });
  page.on('request', request => {
    if (!request.url().startsWith(`${fleet.page}/`)) wrong.push(request.url());
  });
  onTestFinished(async () => {
    await page.close();
    expect(wrong).toEqual([]);
  });
  await page.goto(fleet.page);
  return page;
}

const present = (image: string): CellReport => ({ image, state: 'Present', since: SINCE, sizeBytes: 1_000 });
const shows = (page: Page, headline: string) =>
  page.locator('#headline', { hasText: headline }).waitFor({ timeout: 20_000 });

test('the page says what is missing, and follows what nodes report without being loaded again', async () => {
  fleet.nodes(['n1', 'n2']);
  fleet.ask('base', ['a:1', 'b:1']);
  await start();
  const page = await openPage();
  await shows(page, '0.0 % warm');
  await fleet.report('n1', [present('a:1'), present('b:1')]);
  await shows(page, '50.0 % warm');
  const failure = { kind: 'NotFound', message: 'no such tag' } as const;
  await fleet.report('n2', [present('a:1'), { image: 'b:1', state: 'Failed', since: SINCE, failure }]);
  await shows(page, 'One image fails');
  expect(await page.locator('.failing').innerText()).toContain('no such tag');
  await fleet.report('n2', [present('a:1'), present('b:1')]);
  await shows(page, 'Everything is warm');
});
