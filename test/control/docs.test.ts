import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { armErrorTable } from '../../src/control/arm-error.ts';
import { apiTypes, resourceTypes } from '../../src/control/resources/resource-types.ts';

const page = readFileSync(new URL('../../docs/reference/control-plane.md', import.meta.url), 'utf8');

describe('docs/reference/control-plane.md', () => {
  test('names every code, and marks those that are ours', () => {
    for (const [code, about] of Object.entries(armErrorTable)) {
      expect(page).toContain(`\`${code}\`${'ours' in about ? '*' : ''}`);
      if (!('ours' in about)) expect(page).not.toContain(`\`${code}\`*`);
    }
  });

  test('names every type and action', () => {
    for (const type of apiTypes) expect(page).toContain(type.slice(type.lastIndexOf('/') + 1));
    for (const { actions = [] } of resourceTypes) for (const { name } of actions) expect(page).toContain(`\`${name}\``);
  });
});
