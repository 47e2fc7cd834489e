import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { atEnd } from './leftovers'

/**
 * Starts Debian's Chromium. It is closed, and its profile removed, when the test file ends.
 *
 * @param names names that resolve to this machine; no other name resolves
 */
export async function startChromium(names: string[] = []): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), 'hookgate-browser-'))
  const removeProfile = () => rmSync(profile, { recursive: true, force: true })
  atEnd(removeProfile)
  const mapped = names.map((name) => `MAP ${name} 127.0.0.1`)
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--host-resolver-rules=${[...mapped, 'MAP * ~NOTFOUND', 'EXCLUDE 127.0.0.1'].join(', ')}`,
    ],
  })
  atEnd(() => browser.close())
  return browser
}

export interface PageReport {
  /** errors and warnings of the console, violations of the content security policy included */
  complaints: string[]
  /** requests without an answer, and answers from 400 on */
  failures: string[]
  urls: Set<string>
}

/** Records what goes wrong on a page from now on. */
export function watchPage(page: Page): PageReport {
  const report: PageReport = { complaints: [], failures: [], urls: new Set() }
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') report.complaints.push(message.text())
  })
  page.on('pageerror', (error) => report.complaints.push(String(error)))
  page.on('request', (request) => report.urls.add(request.url()))
  page.on('requestfailed', (request) => report.failures.push(request.url()))
  page.on('response', (response) => {
    if (response.status() >= 400) report.failures.push(`${response.status()} ${response.url()}`)
  })
  return report
}
