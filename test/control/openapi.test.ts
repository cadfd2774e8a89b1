import { describe, expect, test } from 'vitest';
import { describeApi } from '../../src/control/api/openapi.ts';
import { apiTypes } from '../../src/control/resources/resource-types.ts';

describe('the description of the API', () => {
  test('is openapi/arm.json; after a change of the API: npx vitest run test/control/openapi.test.ts -u', async () => {
    await expect(`${JSON.stringify(describeApi(), null, 2)}\n`).toMatchFileSnapshot('../../openapi/arm.json');
  });

  test('has a path for every type and part, and its references lead somewhere', () => {
    const api = describeApi() as { paths: Record<string, unknown> };
    const paths = Object.keys(api.paths).join('\n').toLowerCase();
    for (const type of apiTypes) {
      const last = type.slice(type.lastIndexOf('/') + 1).toLowerCase();
      expect(paths).toContain(`/${last}/{`);
    }
    for (const [, reference] of JSON.stringify(api).matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let value: unknown = api;
      for (const part of reference.split('/')) value = (value as Record<string, unknown> | undefined)?.[part];
      expect(value, reference).toBeDefined();
    }
  });
});
