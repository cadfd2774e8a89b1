// What is in an installation: packages that are part of the bundle, and those that npm installs beside it. `npm run sbom` prints the list as CycloneDX
// JSON; the build writes it to dist/sbom.json, which is published.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Its runtime (memory, text) is compiled into the modules of kernel/. */
const compiledIn = ['node_modules/assemblyscript'];
/** Packages of which a file of data is packed. */
const packedData = ['node_modules/@ip-location-db/geo-whois-asn-country-mmdb'];

/** Folders of the packages that the modules belong to, sorted. */
export function bundledPackages(modules) {
  const folders = new Set([...compiledIn, ...packedData]);
  for (const module of modules) {
    const parts = module.replaceAll('\\', '/').match(/node_modules\/(?:@[^/]+\/)?[^/]+/g);
    if (parts !== null) folders.add(parts.join('/'));
  }
  return [...folders].sort(byText);
}

/** The license of each bundled package, as text. */
export function licenses(folders) {
  const texts = folders.map((folder) => {
    const { name, version, license } = readPackage(folder);
    const file = readdirSync(folder).find((one) => /^(?:nro_)?(?:licen[cs]e|copying)(?:\.(?:md|txt))?$/i.test(one));
    const text = file === undefined ? `License: ${license}` : readFileSync(join(folder, file), 'utf8').trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return `nsgflow contains the packages below.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

/** Source: CycloneDX 1.6 JSON. It has no date, so that the same build gives the same text. */
export function sbom(folders) {
  const own = readPackage('.');
  const bundled = folders.map((folder) => component(readPackage(folder), 'bundled'));
  const installed = installedPackages(Object.keys(own.dependencies));
  const root = component(own);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { ...root, type: 'application' } },
    components: unique([...bundled, ...installed.map(({ item }) => item)]),
    dependencies: [
      {
        ref: root['bom-ref'],
        dependsOn: [
          ...unique(bundled).map((item) => item['bom-ref']),
          ...installed.filter(({ isDirect }) => isDirect).map(({ item }) => item['bom-ref']),
        ].sort(byText),
      },
      ...installed.map(({ item, needs }) => ({ ref: item['bom-ref'], dependsOn: needs })),
    ],
  };
}

/** The packages that npm installs for all platforms, from the lock file. */
function installedPackages(direct) {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const found = new Map();
  const add = (name) => {
    if (found.has(name)) return;
    const entry = packages[`node_modules/${name}`];
    const needs = Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }).sort(byText);
    const item = component({ name, ...entry }, entry.optional === true ? 'one per platform' : 'installed');
    found.set(name, { item, isDirect: direct.includes(name), needs });
    for (const need of needs) add(need);
  };
  for (const name of direct) add(name);
  const ref = (name) => found.get(name).item['bom-ref'];
  return [...found.values()].map((one) => ({ ...one, needs: one.needs.map(ref) }));
}

/** Without copies of one version of a package. */
function unique(items) {
  return [...new Map(items.map((item) => [item['bom-ref'], item])).values()];
}

function component({ name, version, license, integrity }, how) {
  const [group, short] = name.startsWith('@') ? name.split('/') : [undefined, name];
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const isExpression = /\s/.test(license ?? '');
  return {
    type: 'library',
    'bom-ref': `${name}@${version}`,
    ...(group === undefined ? {} : { group }),
    name: short,
    version,
    ...(how === 'one per platform' ? { scope: 'optional' } : {}),
    ...(license === undefined
      ? {}
      : { licenses: [isExpression ? { expression: license } : { license: { id: license } }] }),
    ...(integrity === undefined ? {} : { hashes: [sha512(integrity)] }),
    purl,
    ...(how === undefined ? {} : { properties: [{ name: 'nsgflow:how', value: how }] }),
  };
}

/** Order of code units: the same in every locale. */
function byText(a, b) {
  return a < b ? -1 : Number(a > b);
}

function sha512(integrity) {
  const [algorithm, hash] = integrity.split('-');
  return { alg: algorithm === 'sha512' ? 'SHA-512' : 'SHA-1', content: Buffer.from(hash, 'base64').toString('hex') };
}

function readPackage(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (!existsSync('dist/sbom.json')) throw new Error('dist/sbom.json is not there: npm run build makes it');
  process.stdout.write(readFileSync('dist/sbom.json'));
}
