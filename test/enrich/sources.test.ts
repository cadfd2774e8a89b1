/** Files that users name: service tags, threats, tables of their own, countries as CSV, names of ports. */
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readApplications } from '../../src/enrich/applications.ts';
import { readCsv } from '../../src/enrich/csv.ts';
import { dateOfFile } from '../../src/enrich/dated.ts';
import type { NameFiles } from '../../src/enrich/names.ts';
import { openNames } from '../../src/enrich/names.ts';
import { readTagList } from '../../src/enrich/service-tags.ts';
import { tagChanges } from '../../src/enrich/tag-diff.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-names-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const tag = (name: string, region: string, systemService: string, ...addressPrefixes: string[]): object => ({
  name,
  id: name,
  properties: { changeNumber: 1, region, systemService, addressPrefixes },
});
const tagsText = (...values: object[]): string => JSON.stringify({ changeNumber: 7, cloud: 'Public', values });
const storage = ['52.239.216.0/23', '2603:1030::/40'];
const first = tagsText(
  tag('AzureCloud', '', '', '52.224.0.0/11', '2603:1000::/24'),
  tag('AzureCloud.westeurope', 'westeurope', '', '52.239.0.0/16'),
  tag('Storage.WestEurope', 'westeurope', 'AzureStorage', ...storage),
  tag('Storage', '', 'AzureStorage', ...storage),
);

async function look(files: NameFiles, address: string, period = 0): Promise<Record<string, string | undefined>> {
  return (await openNames(files)).look(address, period);
}

describe('service tags', () => {
  test('the longest prefix wins, all of its tags are listed, and those around it', async () => {
    const tags = [file('tags.json', first)];
    expect(await look({ tags }, '52.239.217.9')).toMatchObject({
      tag: 'Storage, Storage.WestEurope',
      tags: 'Storage, Storage.WestEurope, AzureCloud.westeurope, AzureCloud',
      service: 'AzureStorage',
      region: 'westeurope',
      place: 'azure',
    });
    expect(await look({ tags }, '52.230.0.1')).toMatchObject({ tag: 'AzureCloud', tags: 'AzureCloud', place: 'azure' });
    expect(await look({ tags }, '2603:1030:1::1')).toMatchObject({ tag: 'Storage, Storage.WestEurope' });
    expect(await look({ tags }, '9.9.9.9')).toMatchObject({ place: 'public' });
  });

  test('platform addresses have theirs without a file', async () => {
    expect(await look({}, '168.63.129.16')).toMatchObject({ tag: 'AzurePlatformDNS', place: 'azure' });
    expect(await look({}, '169.254.169.254')).toMatchObject({ tag: 'AzurePlatformIMDS', place: 'azure' });
  });

  test('those of a date hold from it on, and the first ones before', async () => {
    const before = file('ServiceTags_Public_20260601.json', first);
    const after = file('ServiceTags_Public_20260608.json', tagsText(tag('Sql', '', 'AzureSQL', '52.239.216.0/23')));
    const names = await openNames({ tags: [after, before] });
    expect(names.changes).toEqual([Date.parse('2026-06-08T00:00:00Z')]);
    expect([0, 1].map((period) => names.look('52.239.217.9', period)['tag'])).toEqual([
      'Storage, Storage.WestEurope',
      'Sql',
    ]);
  });

  test('the difference of two lists is by prefix', () => {
    const list = (text: string): ReturnType<typeof readTagList> => readTagList(text, 'x');
    const now = tagsText(tag('Storage', '', '', '52.239.216.0/23', '1.0.0.0/8'), tag('Sql', '', '', '2.0.0.0/8'));
    const old = tagsText(tag('Storage', '', '', '52.239.216.0/23', '3.0.0.0/8'), tag('Gone', '', '', '4.0.0.0/8'));
    expect(tagChanges(list(old), list(now))).toEqual([
      { tag: 'Storage', change: 'added', prefix: '1.0.0.0/8' },
      { tag: 'Storage', change: 'removed', prefix: '3.0.0.0/8' },
      { tag: 'Sql', change: 'added', prefix: '2.0.0.0/8' },
      { tag: 'Gone', change: 'removed', prefix: '4.0.0.0/8' },
    ]);
    expect(tagChanges(list(old), list(old))).toEqual([]);
  });

  test.each([
    ['{', 'no JSON'],
    ['[]', 'no list of service tags'],
    ['{"values":[null]}', 'no service tag'],
    ['{"values":[{"name":5},{"name":"a","properties":3}]}', 'no service tag'],
    [tagsText(tag('Bad', '', '', '10.0.0.0/99')), 'Bad: "10.0.0.0/99" is no address prefix'],
  ])('a wrong file is named: %j', async (text, message) => {
    const path = file('wrong.json', text);
    const names = await openNames({ tags: [path] });
    expect(() => names.look('10.0.0.1', 0)).toThrow(message);
    expect(() => names.look('10.0.0.1', 0)).toThrow(path);
  });
});

describe('threat lists', () => {
  test('each hit names its list, its type and the date of the list', async () => {
    const plain = file('drop.netset', '# bad ones\n203.0.113.0/24 ; remark\n198.51.100.7\n2001:db8:bad::/48\n');
    utimesSync(plain, new Date('2026-05-04'), new Date('2026-05-04'));
    const csv = file(
      'intel-2026-06-01.csv',
      'ip,threat_type,description\n203.0.113.9,Botnet,"seen, often"\n10.0.0.1-10.0.0.2,C2,\n',
    );
    const threats = [plain, csv];
    expect(await look({ threats }, '203.0.113.9')).toMatchObject({
      threat: 'intel-2026-06-01, drop',
      threat_type: 'Botnet',
      threat_description: 'seen, often',
      threat_date: '2026-06-01, 2026-05-04',
      place: 'malicious',
    });
    expect(await look({ threats }, '203.0.113.10')).toMatchObject({ threat: 'drop', place: 'malicious' });
    expect((await look({ threats }, '203.0.113.10'))['threat_type']).toBeUndefined();
    expect(await look({ threats }, '10.0.0.2')).toMatchObject({ threat_type: 'C2' });
    expect(await look({ threats }, '2001:db8:bad::1')).toMatchObject({ threat: 'drop' });
    expect((await look({ threats }, '10.0.0.3'))['threat']).toBeUndefined();
  });

  test('a line that is no address is named', async () => {
    const path = file('list.txt', '203.0.113.0/24\n\nexample.org\n');
    await expect(openNames({ threats: [path] })).rejects.toThrow(
      `${path}:3: "example.org" is no address, prefix or range`,
    );
  });
});

describe('tables of a user', () => {
  test('by prefix: the longest one counts', async () => {
    const path = file(
      'owners.csv',
      'Prefix;Owner;Cost Centre\n10.0.0.0/8;platform;1\n10.1.0.0/16;shop;\n10.2.0.1-10.2.0.2;tests;9\n',
    );
    const tables = [path];
    expect(await look({ tables }, '10.9.0.1')).toMatchObject({ owner: 'platform', cost_centre: '1' });
    expect(await look({ tables }, '10.1.0.1')).toMatchObject({ owner: 'shop' });
    expect((await look({ tables }, '10.1.0.1'))['cost_centre']).toBeUndefined();
    expect(await look({ tables }, '10.2.0.2')).toMatchObject({ owner: 'tests' });
  });

  test('by a resource of the inventory, and never in place of what is known', async () => {
    const inventory = [
      file('nics.csv', 'address,vm,vnet,resource_group\n10.0.0.4,Web-1,v,rg-shop\n10.0.0.5,db-1,v,rg-data\n'),
    ];
    const tables = [
      file('vms.csv', 'vm,owner,vnet\nweb-1,team-a,other\n'),
      file('groups.csv', 'resource_group,environment\nRG-DATA,prod\n'),
    ];
    expect(await look({ inventory, tables }, '10.0.0.4')).toMatchObject({ owner: 'team-a', vnet: 'v' });
    expect(await look({ inventory, tables }, '10.0.0.5')).toMatchObject({ environment: 'prod', vnet: 'v' });
    expect((await look({ inventory, tables }, '10.0.0.5'))['owner']).toBeUndefined();
  });

  test.each([
    ['', 'is empty'],
    ['a,b\n1,2\n', 'no column is a key'],
    ['ip,\n1.1.1.1,2\n', 'cannot be a column'],
    ['ip,port\n1.1.1.1,2\n', '"port" cannot be a column'],
    ['ip,owner\nx,2\n', ':2: "x" is no address'],
    ['ip,owner\n"1.1.1.1,2\n', ':2: this " is not closed'],
  ])('a wrong table is named: %j', async (text, message) => {
    await expect(openNames({ tables: [file('wrong.csv', text)] })).rejects.toThrow(message);
  });
});

describe('countries, cities and networks from CSV', () => {
  test('of ip-location-db; what one file lacks comes from the next', async () => {
    const asn = file('asn.csv', '8.8.8.0,8.8.8.255,15169,"Google, LLC"\n2001:4860::,2001:4860:ffff::,AS15169,Google\n');
    const city = file('city.csv', '8.8.8.0,8.8.8.9,US,California,,Mountain View,,37.4,-122.1,\n');
    const geo = [asn, city];
    expect(await look({ geo }, '8.8.8.8')).toMatchObject({
      asn: '15169',
      organization: 'Google, LLC',
      city: 'Mountain View',
      country: 'US',
    });
    expect(await look({ geo }, '2001:4860::8888')).toMatchObject({ asn: '15169', country: 'US' });
    // The user's file says something else than the packed one.
    const own = [file('country.csv', '8.8.8.0,8.8.8.255,DE\n')];
    expect(await look({ geo: own }, '8.8.8.8')).toMatchObject({ country: 'DE', continent: 'EU' });
  });

  test('a line that is no range is named', async () => {
    await expect(openNames({ geo: [file('geo.csv', '8.8.8.0,8.8.8.255,US\n8.8.4.0/24,US\n')] })).rejects.toThrow(
      ':2: this is no range',
    );
  });
});

describe('names of ports', () => {
  test('are those of IANA in lower case, with those of a user in front', async () => {
    const names = await readApplications(['8443=admin', 'udp/4000=game', 'TCP/443=web']);
    expect(
      [
        'tcp/443',
        'udp/443',
        'tcp/8443',
        'udp/8443',
        'udp/4000',
        'tcp/22',
        'udp/53',
        'tcp/135',
        'tcp/6001',
        'tcp/80',
      ].map((key) => names.get(key)),
    ).toEqual(['web', 'https', 'admin', 'admin', 'game', 'ssh', 'domain', 'epmap', 'x11', 'http']);
    expect(names.get('tcp/4')).toBeUndefined();
  });

  test.each(['x', '70000=a', '443', 'icmp/1=a', '=a'])('%j names no port', async (text) => {
    await expect(readApplications([text])).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('parts', () => {
  test('rows of CSV with quotes, line ends within them, and other separators', () => {
    expect(
      readCsv('a;b\r\n"x;1";"two\nlines ""q"""\r\n\r\n# no\nlast;', 'f').map(({ line, cells }) => [line, ...cells]),
    ).toEqual([
      [1, 'a', 'b'],
      [2, 'x;1', 'two\nlines "q"'],
      [6, 'last', ''],
    ]);
  });

  test.each([
    ['ServiceTags_Public_20260601.json', '2026-06-01T00:00:00.000Z'],
    ['x/inventory-2026-06-01.json', '2026-06-01T00:00:00.000Z'],
    ['vms-2026-06-01T0830.csv', '2026-06-01T08:30:00.000Z'],
    ['2026-06-01/vms.csv', undefined],
    ['vms-20261399.csv', undefined],
    ['vms-120260601.csv', undefined],
  ])('the date of %s is %s', (path, date) => {
    expect(dateOfFile(path)).toBe(date === undefined ? undefined : Date.parse(date));
  });
});
