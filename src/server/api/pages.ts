/**
 * The pages of the console: files of one zip archive, which scripts/build-console.mjs makes. Deflated files are sent as gzip as they are. Pages need no
 * session; what they ask does.
 *
 *     index.html               the shell, for each path that is no file
 *     assets/NAME-HASH.js      never changes: browsers keep it
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { HttpServer } from '../listen.ts';

interface PageFile {
  readonly bytes: Buffer;
  readonly isGzip: boolean;
  readonly etag: string;
  readonly type: string;
}

export type Pages = ReadonlyMap<string, PageFile>;

const archiveName = 'console.zip';

/** The archive of this build; `undefined` if it has none. */
export function packedPages(): string | undefined {
  // From dist/chunks/, dist/server/api/ and src/server/api/.
  const places = [`../${archiveName}`, `../../${archiveName}`, `../../../dist/${archiveName}`];
  return places.map((place) => fileURLToPath(new URL(place, import.meta.url))).find((path) => existsSync(path));
}

/** @throws io if the archive is damaged */
export async function readPages(path: string): Promise<Pages> {
  const yauzl = await import('yauzl');
  const pages = new Map<string, PageFile>();
  try {
    const zip = await yauzl.openPromise(path, { lazyEntries: true });
    let total = 0;
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName.endsWith('/')) continue;
      total += entry.uncompressedSize;
      if (total > limits.consolePagesBytesMax) throw new Error('its files are too large');
      const isGzip = entry.compressionMethod === 8;
      const stored = await buffer(await zip.openReadStreamPromise(entry, { decompress: isGzip ? false : null }));
      const bytes = isGzip ? gzipOf(stored, entry.crc32, entry.uncompressedSize) : stored;
      pages.set(entry.fileName, pageFile(entry.fileName, bytes, isGzip));
    }
  } catch (cause) {
    throw new FlowError('io', `the pages of the console in ${path} cannot be read`, {
      cause,
      hint: 'Install nsgflow again.',
    });
  }
  return pages;
}

/** A gzip file of deflated bytes. Source: RFC 1952, section 2.3. */
function gzipOf(deflated: Buffer, crc32: number, lengthBytes: number): Buffer {
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc32, 0);
  end.writeUInt32LE(lengthBytes, 4);
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 0xff]), deflated, end]);
}

function pageFile(name: string, bytes: Buffer, isGzip: boolean): PageFile {
  const [, ending = ''] = /\.(\w+)$/.exec(name) ?? [];
  return {
    bytes,
    isGzip,
    etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`,
    type: types[ending] ?? 'application/octet-stream',
  };
}

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
  ico: 'image/x-icon',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  webmanifest: 'application/manifest+json',
  woff2: 'font/woff2',
};

/** What pages may do: everything comes from this origin, no script or style stands in a page, and no other page frames it. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const missing =
  'The pages of the console are not part of this build of nsgflow: npm run build makes them.\nThe API is at /api/v1.\n';

/** @param archive path of the archive; `undefined` if there is none */
export function addPages(app: HttpServer, archive: string | undefined): void {
  let pages: Promise<Pages> | undefined;
  const read = async (path: string): Promise<Pages> => {
    pages ??= readPages(path);
    return await pages.catch((error: unknown) => {
      pages = undefined;
      throw error;
    });
  };
  app.addHook('onRequest', async (_request, reply) => void reply.headers(securityHeaders));
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (archive === undefined)
      return reply.code(503).header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(missing);
    return send(request, reply, await read(archive));
  };
  app.get('/*', serve);
  app.head('/*', serve);
}

function send(request: FastifyRequest, reply: FastifyReply, pages: Pages): FastifyReply {
  const name = nameOf(request.originalUrl);
  const file = pages.get(name) ?? pages.get('index.html');
  // A file of an older build: the shell in its place would be run as a script.
  if (file === undefined || (!pages.has(name) && name.startsWith('assets/')))
    return reply
      .code(404)
      .header('cache-control', 'no-store')
      .type('text/plain; charset=utf-8')
      .send('There is no such file.\n');
  const isKept = pages.has(name) && /^assets\/.*-[\w-]{6,}\.\w+$/.test(name);
  void reply.headers({
    etag: file.etag,
    vary: 'accept-encoding',
    'cache-control': isKept ? 'public, max-age=31536000, immutable' : 'no-cache',
  });
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  void reply.type(file.type);
  if (!file.isGzip) return reply.send(file.bytes);
  if (!/\bgzip\b/i.test(request.headers['accept-encoding'] ?? '')) return reply.send(gunzipSync(file.bytes));
  return reply.header('content-encoding', 'gzip').send(file.bytes);
}

function nameOf(url: string): string {
  try {
    return decodeURIComponent(url.split(/[?#]/)[0]).replace(/^\/+/, '');
  } catch {
    return '';
  }
}
