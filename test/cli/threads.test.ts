import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nsgflowProcess } from './nsgflow.ts';

const root = mkdtempSync(join(tmpdir(), 'nsgflow-threads-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Says at the end of the process how many threads it has, after one use of the pool: newer versions of Node load modules without it. */
const probe = join(root, 'probe.cjs');
writeFileSync(
  probe,
  `const fs = require('node:fs');
process.once('beforeExit', () => fs.stat('/', () => undefined));
process.on('exit', () => console.error('threads', fs.readdirSync('/proc/self/task').length));`,
);

async function threads(command: string, size: string): Promise<number> {
  const env = { NODE_OPTIONS: `--require ${probe}`, UV_THREADPOOL_SIZE: size };
  const { code, err } = await nsgflowProcess([command, '--help'], { env });
  expect(code).toBe(0);
  return Number(/^threads (\d+)$/m.exec(err)?.[1]);
}

test.skipIf(process.platform !== 'linux')(
  'a service has sixteen threads for files and questions, or more',
  async () => {
    const others = await threads('record', '4');
    expect((await threads('serve', '4')) - others).toBe(12);
    expect((await threads('serve', '20')) - others).toBe(16);
    expect((await threads('record', '6')) - others).toBe(2);
  },
);
