import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/**
 * Tests count steps, requests and bytes: a time that passes on an idle machine fails on a busy one. Limits of waiting, after which a test gives up, are
 * no comparison.
 */
const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts') && !file.includes('node_modules/') && file !== 'gate.test.ts');

/** Files that measure a whole run, and kill later runs at moments within it. */
const calibrated = ['ingest/ingest-kill.test.ts', 'record/record-kill.test.ts'];

test.each(files)('%s compares no time that has passed with a constant', (file) => {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  if (!calibrated.includes(file)) expect(text).not.toMatch(/performance\.now\(|process\.hrtime/);
  expect(text).not.toMatch(
    /expect\([^;]*(?:millis|seconds|elapsed|duration)[^;]*\)\s*\.toBe(?:Less|Greater)Than(?:OrEqual)?\([\d_.]+\)/i,
  );
  expect(text).not.toMatch(/Date\.now\(\) - \w+(?:\)|;)[^;]*toBe(?:Less|Greater)Than/);
});
