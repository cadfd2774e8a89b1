import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';

/** The built page: `npm run build` makes it. */
const archive = readFileSync(join(import.meta.dirname, '../../dist/console.zip'));
const firstPageBytesMax = 400 * 1024;
/** Of gzip's header and trailer. */
const gzipBytes = 18;

interface Entry {
  readonly packed: number;
  readonly text: () => string;
}

interface Chunk {
  readonly file: string;
  readonly src?: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
}

const entries = entriesOf(archive);
const manifest = JSON.parse(entries.get('manifest.json')!.text()) as Readonly<Record<string, Chunk>>;

/** Source: PKWARE APPNOTE 6.3.10, sections 4.3.12 and 4.3.16. */
function entriesOf(zip: Buffer): Map<string, Entry> {
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  const found = new Map<string, Entry>();
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < zip.readUInt16LE(end + 10); i++) {
    const nameBytes = zip.readUInt16LE(at + 28);
    const isStored = zip.readUInt16LE(at + 10) === 0;
    const packed = zip.readUInt32LE(at + 20);
    const local = zip.readUInt32LE(at + 42);
    const body = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const bytes = zip.subarray(body, body + packed);
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes);
    found.set(name, { packed, text: () => (isStored ? bytes : inflateRawSync(bytes)).toString('utf8') });
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return found;
}

/** Modules that a chunk loads at once. */
function withImports(name: string, into = new Set<string>()): Set<string> {
  if (into.has(name)) return into;
  into.add(name);
  for (const one of manifest[name].imports ?? []) withImports(one, into);
  return into;
}

test('the first page loads at most 400 KiB of compressed script, with its charts', () => {
  const wanted = ['index.html', 'src/pages/overview/page.tsx', 'src/charts/echarts.ts'];
  const chunks = new Set(wanted.flatMap((name) => [...withImports(name)]));
  const scripts = [...new Set([...chunks].map((name) => manifest[name].file))].filter((file) => file.endsWith('.js'));
  const bytes = scripts.reduce((sum, file) => sum + entries.get(file)!.packed + gzipBytes, 0);
  expect(scripts.length).toBeGreaterThanOrEqual(3);
  expect(bytes).toBeLessThanOrEqual(firstPageBytesMax);
});

test('pages, charts and the editor are loaded when they are needed, not with the shell', () => {
  const shell = [...withImports('index.html')].map((name) => manifest[name].file);
  expect(shell.join(' ')).not.toMatch(/echarts|editor/);
  expect(manifest['index.html'].dynamicImports).toContain('src/pages/flows/page.tsx');
});

test('the page has no inline script, no inline style, and asks no other host', () => {
  const html = entries.get('index.html')!.text();
  expect(html).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/i);
  for (const [name, entry] of entries) {
    if (/\.(?:html|css)$/.test(name))
      expect(entry.text()).not.toMatch(/(?:src|href|url)\s*[=(]\s*["']?(?:https?:)?\/\//);
    if (name.endsWith('.css')) expect(entry.text()).not.toMatch(/@import/);
  }
});
