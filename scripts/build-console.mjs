// Builds web/ into dist/console.zip: an ordinary archive whose entries are deflated, so that the service sends them as gzip without compressing again.
// The archive's comment is the hash of everything that it was made of; where that has not changed, nothing is built.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { bundledPackages } from './sbom.mjs';

const archive = 'dist/console.zip';
const folder = 'dist/console';
/** Fonts and pictures are compressed already. */
const stored = /\.(?:woff2|png|webp)$/;
/** Packages of files that no module imports. */
const fonts = ['node_modules/@fontsource-variable/inter', 'node_modules/@fontsource/ibm-plex-mono'];
/** For the list of licenses, which scripts/bundle.mjs writes. */
const packageList = 'dist/console-packages.json';

const hash = sourceHash();
if (
  existsSync(packageList) &&
  existsSync(archive) &&
  readFileSync(archive).subarray(-hash.length).toString('latin1') === hash
)
  process.exit(0);

process.env.NODE_ENV = 'production';
const { build } = await import('vite');
const { default: config } = await import('../web/vite.config.mjs');
const built = await build({ ...config, configFile: false, logLevel: 'warn' });
const modules = built.output.flatMap((chunk) => Object.keys(chunk.modules ?? {}));
const packages = bundledPackages([...modules, ...fonts]);
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => statSync(join(folder, path)).isFile())
  .sort();
mkdirSync('dist', { recursive: true });
writeFileSync(packageList, JSON.stringify(packages));
writeFileSync(archive, zip(files, hash));
rmSync(folder, { recursive: true });

/** What the archive is made of: the page, the types that it imports are not part of it, and the versions of its packages. */
function sourceHash() {
  const digest = createHash('sha256');
  const sources = readdirSync('web', { recursive: true, encoding: 'utf8' })
    .map((path) => join('web', path))
    .filter((path) => statSync(path).isFile());
  for (const path of [...sources.sort(), 'package-lock.json', 'scripts/build-console.mjs'])
    digest.update(path).update('\0').update(readFileSync(path)).update('\0');
  return digest.digest('hex');
}

/** Source: PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16. No dates: the same files give the same bytes. */
function zip(names, comment) {
  const bodies = [];
  const directory = [];
  let offset = 0;
  for (const name of names) {
    const bytes = readFileSync(join(folder, name));
    const method = stored.test(name) ? 0 : 8;
    const packed = method === 0 ? bytes : deflateRawSync(bytes, { level: 9 });
    const path = Buffer.from(name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt16LE(0x21, 8);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    bodies.push(Buffer.from('PK\x03\x04', 'latin1'), common, path, packed);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02', 'latin1'), Buffer.from([20, 0]), common, tail, path);
    offset += 30 + path.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(names.length, 4);
  end.writeUInt16LE(names.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  end.writeUInt16LE(comment.length, 16);
  return Buffer.concat([...bodies, listed, Buffer.from('PK\x05\x06', 'latin1'), end, Buffer.from(comment, 'latin1')]);
}
