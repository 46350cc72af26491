import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSite, serveFolder } from '@kube-prefetch/lab/docs';
import { findProgram, need } from '@kube-prefetch/lab/set-up';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { SOON_MS } from '../patience.ts';
import { SOON } from './open-page.ts';

let browser: Browser;
let site: Server;
let problems: readonly string[];

beforeAll(async () => {
  await need('browser');
  const built = await buildSite();
  problems = built.problems;
  site = await serveFolder(built.folder, 0);
  browser = await chromium.launch({ executablePath: findProgram('chromium'), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser?.close();
  site?.close();
});

/** A page that asks nothing of anybody but the site, and finds everything there. */
async function open(path: string, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, colorScheme });
  page.setDefaultTimeout(SOON_MS);
  const wrong: string[] = [];
  page.on('pageerror', error => wrong.push(String(error)));
  page.on('request', request => {
    if (!request.url().startsWith(`${origin}/`)) wrong.push(request.url());
  });
  page.on('response', response => {
    if (response.status() >= 400) wrong.push(`${response.status()} ${response.url()}`);
  });
  onTestFinished(async () => {
    await page.close();
    expect(wrong).toEqual([]);
  });
  await page.goto(`${origin}${path}`, { waitUntil: 'networkidle' });
  // Before this nothing listens to clicks.
  await page.waitForFunction('document.querySelector("#app").__vue_app__ !== undefined');
  return page;
}

test('every link and anchor of the site leads somewhere, and nothing in it is loaded from elsewhere', () => {
  expect(problems).toEqual([]);
});

test('a reader finds a part of a page by searching, without a service', async () => {
  const page = await open('/');
  await page.getByRole('button', { name: 'Search' }).first().click();
  await page.locator('.VPLocalSearchBox input').fill('startup taint');
  await page.locator('.VPLocalSearchBox .result').first().waitFor();
  await page.keyboard.press('Enter');
  await page.locator('main em', { hasText: 'startup taint' }).waitFor();
  await expect.poll(() => page.url(), SOON).toContain('/gate');
});

test('the questions of a reader stand in their order beside each page, and the picture is there in the dark', async () => {
  const page = await open('/', 'dark');
  const questions = page.locator('.VPSidebar .VPSidebarItem.level-0 > .item');
  await expect
    .poll(() => questions.allInnerTexts(), SOON)
    .toEqual(['What it is', 'Try it', 'Install it', 'Use it', 'Operate it', 'Why it is so']);
  await page.locator('html.dark').waitFor({ state: 'attached' });
  const picture = page.locator('main img').first();
  const width = () => picture.evaluate(image => (image as unknown as { naturalWidth: number }).naturalWidth);
  await expect.poll(width, SOON).toBeGreaterThan(0);
});
