/** The pages of the console, from an archive made here. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packedPages } from '../../../src/server/api/pages.ts';
import { askConsole, consoleOver, errorOf } from './console.ts';
import type { OpenConsole } from './console.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-pages-'));
const html = '<!doctype html><title>nsgflow</title>';
const script = 'export const hits = 1;\n'.repeat(50);
let console: OpenConsole;

beforeAll(async () => {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'assets', 'main-a1B2c3D4.js'), script);
  writeFileSync(join(folder, 'assets', 'inter-a1B2c3D4.woff2'), 'wOF2 font');
  const archive = join(folder, 'console.zip');
  execFileSync(
    'python3',
    [
      '-c',
      'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w")\nfor f in sys.argv[2:]: z.write(f, compress_type=0 if f.endswith("2") else 8)',
      archive,
      'index.html',
      'assets/main-a1B2c3D4.js',
      'assets/inter-a1B2c3D4.woff2',
    ],
    { cwd: folder },
  );
  console = await consoleOver({ pages: archive });
});

afterAll(async () => {
  await console.close();
  rmSync(folder, { recursive: true, force: true });
});

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

test('the shell needs no session, is any path that is no file, and is looked at anew each time', async () => {
  for (const path of ['/', '/flows?v=1&q=access+%3D+deny', '/entity/ip/10.20.1.4']) {
    const answer = await askConsole(console, path);
    expect([path, answer.status, answer.text]).toEqual([path, 200, html]);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'text/html; charset=utf-8' });
  }
});

test('everything comes with the strict policy', async () => {
  for (const path of ['/', '/assets/main-a1B2c3D4.js', '/api/v1/session', '/assets/none.js'])
    expect((await askConsole(console, path)).headers).toMatchObject({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'DENY',
    });
});

test('files with a hash are kept for good, as gzip where the browser takes it, and by their ETag', async () => {
  const path = '/assets/main-a1B2c3D4.js';
  const headers = { 'accept-encoding': 'gzip, br' };
  const packed = await askConsole(console, path, { headers });
  expect(packed.headers).toMatchObject({
    'content-encoding': 'gzip',
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
  });
  expect([gunzipSync(packed.bytes).toString(), packed.bytes.length < 200]).toEqual([script, true]);
  expect((await askConsole(console, path)).text).toBe(script);
  const again = await askConsole(console, path, { headers: { ...headers, 'if-none-match': packed.headers.etag! } });
  expect([again.status, again.text]).toEqual([304, '']);
  expect((await askConsole(console, '/assets/inter-a1B2c3D4.woff2', { headers })).headers).toMatchObject({
    'content-type': 'font/woff2',
  });
});

test('a file of an older build is missing, and not the shell; the API is never the shell', async () => {
  expect((await askConsole(console, '/assets/main-00000000.js')).status).toBe(404);
  expect(errorOf(await askConsole(console, '/api/'))).toMatchObject({ code: 'not-found' });
});

test('without an archive a sentence says how to make it, and a damaged one is no page', async () => {
  const damaged = join(folder, 'damaged.zip');
  writeFileSync(damaged, 'PK no archive');
  const broken = await consoleOver({ pages: damaged });
  expect((await askConsole(broken, '/')).status).toBe(500);
  await broken.close();
  if (packedPages() !== undefined) return;
  const bare = await consoleOver();
  const answer = await askConsole(bare, '/');
  expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('npm run build')]);
  await bare.close();
});
