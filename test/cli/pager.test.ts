import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { Pager } from '../../src/cli/output/pager.ts';
import { openPager } from '../../src/cli/output/pager.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-pager-'));
const before = process.env['PAGER'];
afterEach(() => {
  if (before === undefined) delete process.env['PAGER'];
  else process.env['PAGER'] = before;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A reader that is a shell script. */
async function open(script: string): Promise<Pager> {
  const path = join(folder, 'reader');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  process.env['PAGER'] = path;
  return (await openPager(false))!;
}

/** As results are written: waits where the stream is full. */
async function write(out: Pager['out'], megabytes: number): Promise<void> {
  for (let i = 0; i < megabytes; i++) if (!out.write('x'.repeat(1_000_000))) await once(out, 'drain');
}

describe.skipIf(process.platform === 'win32')('a pager', () => {
  test('has all of it, and is waited for', async () => {
    const copy = join(folder, 'copy');
    const pager = await open(`cat > ${copy}; sleep 0.2; echo >> ${copy}`);
    await write(pager.out, 3);
    expect(pager.hasLeft).toBe(false);
    await pager.close();
    expect(readFileSync(copy).length).toBe(3_000_001);
  });

  test('has all lines of a short answer, which are written without a pause', async () => {
    const copy = join(folder, 'lines');
    const pager = await open(`sleep 0.1; cat > ${copy}`);
    for (let i = 0; i < 50; i++) pager.out.write(`${i}\n`);
    await pager.close();
    expect(readFileSync(copy, 'utf8').split('\n').length).toBe(51);
  });

  test.each(['exit 0', 'head -c 100000 > /dev/null', 'exec <&-; sleep 0.2'])(
    'that leaves early does not hold up who writes: %s',
    async (script) => {
      const pager = await open(script);
      await write(pager.out, 20);
      await pager.close();
      expect(pager.hasLeft).toBe(true);
      await write(pager.out, 3);
    },
  );

  test('is none where it is not there, or not wanted', async () => {
    for (const program of ['cat', '', join(folder, 'missing')]) {
      process.env['PAGER'] = program;
      expect(await openPager(false)).toBeUndefined();
    }
    expect(existsSync(join(folder, 'missing'))).toBe(false);
  });
});
