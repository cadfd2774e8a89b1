import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addressAttributes } from '../../src/enrich/attribute.ts';
import { continentOf } from '../../src/enrich/continent.ts';
import { openGeoFile } from '../../src/enrich/geo-file.ts';
import { openNames } from '../../src/enrich/names.ts';
import { packedCountryFile } from '../../src/enrich/packed-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-geo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the packed file knows the country and continent of public addresses of both families', async () => {
  const file = await openGeoFile(packedCountryFile());
  expect(file.look('8.8.8.8')).toEqual({ country: 'US', continent: 'NA' });
  expect(file.look('2001:4860:4860::8888')).toEqual({ country: 'US', continent: 'NA' });
  expect(file.look('193.0.6.139')).toEqual({ country: 'NL', continent: 'EU' });
});

test.each([
  '10.0.0.1',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '192.168.1.1',
  '224.0.0.1',
  'fd00::1',
  'fe80::1',
  '::1',
  'x',
])('no country is known of %s', async (address) => {
  const names = (await openNames()).look(address, 0);
  expect([names['country'], names['continent']]).toEqual([undefined, undefined]);
});

test('each country has one continent', () => {
  const codes = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'].flatMap((a, _, all) => all.map((b) => a + b));
  const known = codes.filter((code) => continentOf(code) !== undefined);
  // 249 of ISO 3166, and Kosovo.
  expect(known).toHaveLength(250);
  const { values } = addressAttributes.find(({ name }) => name === 'continent')!;
  expect(new Set(known.map(continentOf))).toEqual(new Set(values));
});

test('a file that is none is named', async () => {
  const path = join(folder, 'no.mmdb');
  writeFileSync(path, 'this is a text');
  await expect(openGeoFile(path)).rejects.toMatchObject({
    code: 'names-invalid',
    message: expect.stringContaining(path),
  });
  await expect(openGeoFile(join(folder, 'missing.mmdb'))).rejects.toMatchObject({ code: 'not-found' });
});

test('a damaged file gives an error with a code, or an answer', async () => {
  const whole = readFileSync(packedCountryFile());
  const path = join(folder, 'damaged.mmdb');
  for (let i = 0; i < 40; i++) {
    // The end has the records and what the file says of itself; the start has the tree.
    const bytes = Buffer.from(i % 2 === 0 ? whole : whole.subarray(0, whole.length - 97 * i));
    for (let j = 0; j < 8; j++)
      bytes[j < 4 ? (i * 131 + j * 17) % 4096 : bytes.length - 1 - ((i * 37 + j * 11) % 1800)] ^= 1 << j;
    writeFileSync(path, bytes);
    try {
      const file = await openGeoFile(path);
      for (const address of ['8.8.8.8', '1.1.1.1', '200.1.2.3', '2001:4860:4860::8888']) file.look(address);
    } catch (error) {
      expect(error).toMatchObject({ code: 'names-invalid' });
    }
  }
});
