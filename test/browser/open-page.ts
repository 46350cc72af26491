import { findProgram } from '@kube-prefetch/lab/set-up';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { SOON_MS } from '../patience.ts';

export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findProgram('chromium'),
    args: ['--no-sandbox', '--enable-precise-memory-info'],
  });
}

/**
 * A page on which, until the test is over, nothing fails, nothing is refused by its policy, and nobody else is asked. `prepare` has it
 * before it asks anything.
 */
export async function openPage(
  browser: Browser,
  address: string,
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(SOON_MS);
  const wrong: string[] = [];
  page.on('pageerror', error => wrong.push(String(error)));
  page.on('dialog', dialog => wrong.push(dialog.message()));
  page.on('console', message => {
    // Requests fail while no coordinator answers, or none leads; a browser says so in the console.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) wrong.push(message.text());
  });
  page.on('request', request => {
    if (!request.url().startsWith(`${address}/`)) wrong.push(request.url());
  });
  onTestFinished(async () => {
    await page.close();
    expect(wrong).toEqual([]);
  });
  await prepare(page);
  await page.goto(address);
  return page;
}

/** Waits until the page says so at its top. */
export async function says(page: Page, headline: string): Promise<void> {
  await page.locator('#headline', { hasText: headline }).waitFor();
}

/** For `expect.poll`. */
export const SOON = { timeout: SOON_MS };

/** Looks at what an element says. */
export function text(page: Page, selector: string): () => Promise<string> {
  return () => page.locator(selector).innerText();
}
