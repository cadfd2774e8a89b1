import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The console over a lake, in a real browser: what people see of the example's data, and of names that are made to break pages. */
const root = join(import.meta.dirname, '../..');
const nsgflow = join(root, 'dist/cli/nsgflow.cjs');
const browserPath = process.env['NSGFLOW_CHROMIUM'] ?? '/usr/bin/chromium';
const browserArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const range = 'v=1&from=2026-11-20T09:54Z&to=2026-11-20T10:08Z';
const isThere = existsSync(browserPath);
if (!isThere)
  console.log(`No browser at ${browserPath}: the console's pages are not tried (apt-get install chromium).`);

let folder: string;
let lake: string;
let service: ChildProcess;
let address: string;
let browser: Browser;

function run(...args: string[]): string {
  return execFileSync(process.execPath, [nsgflow, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

const hostileRules = [
  'UserRule_<img src=x onerror="window.nsgflowHit=1">',
  'UserRule_"><script>window.nsgflowHit=1</script>',
  'UserRule_\u202Elive\u202C',
  `UserRule_${'long'.repeat(500)}`,
];

/** A blob of a log whose rules have names that are made to break pages. */
function writeHostileLog(to: string): void {
  const nsg =
    '/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/NSGFLOW/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/NSG-HOSTILE';
  const mac = '000D3A000001';
  const path = join(
    to,
    `insights-logs-networksecuritygroupflowevent/resourceId=${nsg}/y=2026/m=11/d=20/h=10/m=00/macAddress=${mac}/PT1H.json`,
  );
  mkdirSync(dirname(path), { recursive: true });
  const flows = hostileRules.map((rule, i) => ({
    rule,
    flows: [
      {
        mac,
        flowTuples: [`179516880${i},2001:db8:bad::${i},10.20.1.4,4000${i},443,T,I,${i % 2 === 0 ? 'A' : 'D'},B,,,,`],
      },
    ],
  }));
  const record = {
    time: '2026-11-20T10:00:00.0000000Z',
    systemId: '00000000-0000-0000-0000-000000000000',
    macAddress: mac,
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId: nsg,
    operationName: 'NetworkSecurityGroupFlowEvents',
    properties: { Version: 2, flows },
  };
  writeFileSync(path, JSON.stringify({ records: [record] }));
}

async function start(): Promise<string> {
  service = spawn(process.execPath, [nsgflow, 'console', '--lake', lake, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  service.stderr!.setEncoding('utf8');
  for await (const part of service.stderr!) {
    said += String(part);
    const [, found] = /console at (http:\S+)/.exec(said) ?? [];
    if (found !== undefined) return found;
  }
  throw new Error(`the console did not start: ${said}`);
}

interface Look {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  /** Lets the test run scripts of its own in the page. */
  readonly bypassCSP?: boolean;
}

/** A fresh profile that is signed in, and what its pages complain of. */
async function profile(look: Look = {}): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
    colorScheme: look.scheme ?? 'light',
    reducedMotion: 'reduce',
    bypassCSP: look.bypassCSP ?? false,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  // Pages of the service ask for what a lake alone does not have.
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of (?:401|404|409|501)/.test(message.text()))
      complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(address);
  await page.waitForSelector('h1');
  return { context, page, complaints };
}

async function open(page: Page, path: string): Promise<void> {
  await page.goto(new URL(path, address).href);
  await page.waitForSelector('h1');
  await page.locator('main [aria-busy="true"]').first().waitFor({ state: 'detached' });
}

const pages = [
  ['Overview', `/?${range}`],
  ['Explore', `/explore?${range}`],
  ['Explore, a matrix', `/explore?${range}&rel=matrix&chart=bars&by=dst`],
  ['Explore, small charts', `/explore?${range}&chart=multiples&by=rule`],
  ['Flows', `/flows?${range}`],
  ['Rules', `/rules?${range}`],
  ['Entity', `/entity/ip/10.20.1.4?${range}`],
  ['Flow logs', '/flow-logs'],
  ['Sources', `/sources?${range}`],
  ['no page', '/nothing-here'],
] as const;

describe.skipIf(!isThere)('the console in a browser', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'nsgflow-console-'));
    lake = join(folder, 'lake');
    const example = join(root, 'examples');
    const logs = join(folder, 'logs');
    run('record', '--capture', join(example, 'traffic.pcap'), '--network', join(example, 'network.json'), '--to', logs);
    writeHostileLog(join(folder, 'hostile'));
    run('ingest', logs, '--lake', lake);
    run('ingest', join(folder, 'hostile'), '--lake', lake);
    address = await start();
    browser = await chromium.launch({ executablePath: browserPath, args: browserArguments });
  });
  afterAll(async () => {
    await browser?.close();
    service.kill('SIGTERM');
    if (service.exitCode === null) await once(service, 'exit');
    rmSync(folder, { recursive: true, force: true });
  });

  test('the token of the printed address becomes a session, and leaves the address bar', async () => {
    const { context, page } = await profile();
    expect(page.url()).not.toContain('token');
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({
      name: expect.stringMatching(/^nsgflow_session/),
      httpOnly: true,
      sameSite: 'Strict',
    });
    await context.close();
  });

  test('without a session the page asks for the printed address', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(new URL('/', address).href);
    await page.getByLabel('Address or token').fill(address);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForSelector('nav[aria-label="Pages"]');
    await context.close();
  });

  test.each(['light', 'dark'] as const)('axe finds nothing on any page, %s', async (scheme) => {
    const { context, page } = await profile({ scheme, bypassCSP: true });
    for (const [name, path] of pages) {
      await open(page, path);
      await page.evaluate(axe.source);
      const violations = await page.evaluate<string[]>(
        'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
      );
      expect([name, violations]).toEqual([name, []]);
    }
    await context.close();
  });

  test('no page violates its content security policy or fails', async () => {
    const { context, page, complaints } = await profile();
    for (const [name, path] of pages) {
      await open(page, path);
      expect([name, complaints]).toEqual([name, []]);
    }
    await page.keyboard.press('/');
    await page.waitForSelector('.query-editor');
    await page.keyboard.type('access = ');
    await page.locator('.query-editor .cm-tooltip').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('a link that is opened in a fresh profile shows the rows that the command counts', async () => {
    const filter = 'dst.port in (5432, 6379) and access = deny';
    const bounds = ['--from', '2026-11-20T09:54:00Z', '--to', '2026-11-20T10:08:00Z'];
    const { conversations } = JSON.parse(run('count', filter, '--lake', lake, ...bounds, '-o', 'json')) as {
      conversations: number;
    };
    expect(conversations).toBeGreaterThan(10);
    const { context, page } = await profile();
    await open(page, `/flows?${range}&q=${encodeURIComponent(filter)}`);
    await page.getByText(`${conversations} rows here`).waitFor();
    expect(await page.getByRole('grid').getAttribute('aria-rowcount')).toBe(String(conversations + 1));
    await context.close();
  });

  test('a value narrows the filter; back and forward go through what was seen', async () => {
    const { context, page } = await profile();
    await open(page, `/flows?${range}`);
    await page.locator('.flow-row [data-field="rule"]').first().click();
    await page.getByRole('menuitem', { name: 'Only this' }).click();
    await page.waitForURL(/q=rule/);
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL(/\/explore\?.*q=rule/);
    await page.goBack();
    await page.waitForURL(/\/flows\?.*q=rule/);
    await page.goBack();
    await page.waitForURL((url) => !url.search.includes('q='));
    await page.goForward();
    await page.waitForURL(/q=rule/);
    await context.close();
  });

  test('a row opens its tuples; the drawer has an address of its own', async () => {
    const { context, page } = await profile();
    await open(page, `/flows?${range}&q=protocol+%3D+tcp+and+access+%3D+allow+and+dst.port+%3D+5432`);
    await page.locator('.flow-row[aria-selected] .flow-cell:first-child').first().click();
    const drawer = page.getByLabel('Conversation', { exact: true });
    await drawer.getByText('As logged').waitFor();
    const { href } = new URL(page.url());
    const raw = await drawer.locator('.raw').first().textContent();
    expect(raw).toMatch(/^\d{10},[\da-f.:]+,[\da-f.:]+,\d+,5432,T,[IO],[AD],[BCED],/);
    await page.keyboard.press('j');
    await page.waitForURL((url) => url.href !== href);
    await page.goto(href);
    await page.getByLabel('Conversation', { exact: true }).locator('.raw').first().waitFor();
    await context.close();
  });

  test('a brush with the keyboard is the new range, and a wrong filter stands below the bar while the picture stays', async () => {
    const { context, page } = await profile();
    await open(page, `/flows?${range}`);
    const chart = page.getByRole('group', { name: /^Flows over time/ });
    await chart.focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 12; i++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForURL(/to=2026-11-20T09:5/);
    await page.keyboard.press('/');
    await page.locator('.query-editor .cm-focused').waitFor();
    await page.keyboard.type('dst.prot = 3');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('dst.prot').waitFor();
    expect(await page.locator('.flow-row[aria-selected]').count()).toBeGreaterThan(0);
    await context.close();
  });

  test('names of logs are text: nothing of them runs, and none breaks the layout', async () => {
    const { context, page, complaints } = await profile();
    for (const path of [
      `/rules/NSG-HOSTILE?${range}`,
      `/flows?${range}&q=nsg+%3D+NSG-HOSTILE`,
      `/explore?${range}&by=rule&q=nsg+%3D+NSG-HOSTILE`,
    ]) {
      await open(page, path);
      await page.getByText('<img src=x onerror="window.nsgflowHit=1">').first().waitFor({ state: 'attached' });
      expect(await page.evaluate<boolean>(`'nsgflowHit' in window`)).toBe(false);
      expect(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
    await open(page, `/flows?${range}&q=nsg+%3D+NSG-HOSTILE`);
    await page.locator('.flow-row [data-field="rule"]').first().click();
    await page.getByRole('menuitem', { name: 'Only this' }).click();
    await page.getByText('1 row here').waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  test('at 400 % only tables scroll sideways', async () => {
    const { context, page } = await profile({ width: 320, height: 256 });
    for (const [name, path] of pages) {
      await open(page, path);
      const [wide, window] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      expect([name, wide]).toEqual([name, Math.min(wide, window)]);
    }
    await context.close();
  });
});
