import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { define } from '../../src/cli/commands/serve.ts';
import { readConfig } from '../../src/cli/options/serve-config.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-config-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** What the options are after the command line and the file. */
async function read(text: string, args: readonly string[] = []) {
  const path = join(folder, 'nsgflow.yaml');
  await writeFile(path, text);
  const command = new Command('serve');
  define(command);
  command.exitOverride().parseOptions([...args]);
  const bindings = await readConfig(path, command);
  return { options: command.opts<Record<string, unknown>>(), bindings };
}

describe('nsgflow.yaml', () => {
  test('has the long names of the flags as keys; the command line wins', async () => {
    const { options } = await read(
      'listen: 127.0.0.1:9443\nnetwork: [a.json, b.json]\nformat: nsg2\nshift: now\nloop: true\nsnap-length: 96\nno-request-log: true\ningest: false\n',
      ['--listen', '127.0.0.1:1'],
    );
    expect(options).toMatchObject({
      listen: '127.0.0.1:1',
      network: ['a.json', 'b.json'],
      format: ['nsg2'],
      shift: 'now',
      loop: true,
      snapLength: '96',
      requestLog: false,
      ingest: false,
    });
  });

  test('binds accounts to where they are', async () => {
    const { bindings } = await read(
      'accounts:\n  one: /mnt/copies\n  two: { storage: https://two.blob.core.windows.net, connection-string-variable: TWO }\n',
    );
    expect(bindings).toEqual([
      { name: 'one', storage: '/mnt/copies', connectionStringVariable: undefined },
      { name: 'two', storage: 'https://two.blob.core.windows.net', connectionStringVariable: 'TWO' },
    ]);
  });

  test('may be empty', async () => {
    expect((await read('# nothing yet\n')).bindings).toEqual([]);
  });

  test.each([
    ['lsten: 127.0.0.1:1', 'is not a setting'],
    ['env: true', 'is not a setting'],
    ['- a', 'keys and values'],
    ['loop: 1', 'true or false'],
    ['listen: [a, b]', 'one value'],
    ['listen: { a: b }', 'a text or a number'],
    ['accounts: [a]', 'names of storage accounts'],
    ['accounts: { a: { storage: x, key: secret } }', 'is a folder or URL'],
    ['a: [', 'nsgflow.yaml'],
  ])('is refused with a sentence: %s', async (text, sentence) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining(sentence) as string,
    });
  });
});
