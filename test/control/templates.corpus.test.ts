/** Real templates, deployed as they are: each is made, or the answer names the resource, the property and the reason. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readJson } from '../../src/arm-template/read-json.ts';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { objectOf, textOf } from '../../src/control/resources/resource.ts';
import { corpusFolder } from '../corpus/oracle.ts';
import type { TestPlane } from './plane.ts';
import { group, inside, location, openPlane } from './plane.ts';

const folder = join(corpusFolder ?? '.', 'nsg');
const names =
  corpusFolder === undefined
    ? []
    : readdirSync(folder).filter(
        (name) => name.startsWith('arm__') || name === 'avm__network-security-group.main.json',
      );
const deployment = `${group}/providers/Microsoft.Resources/deployments/main`;

let plane: TestPlane;

beforeEach(async () => {
  plane = await openPlane();
  await plane.put(group, { location });
});

afterEach(() => plane.end());

/** Values of the parameters that have no default, as somebody would make them up. */
function parametersOf(template: JsonObject): JsonObject {
  const made: Record<string, JsonObject> = {};
  for (const [name, parameter] of Object.entries(objectOf(template['parameters']))) {
    const about = objectOf(parameter);
    if (about['defaultValue'] !== undefined || about['nullable'] === true) continue;
    const allowed = about['allowedValues'];
    const value = Array.isArray(allowed) ? (allowed as Json[])[0] : madeUp(name, textOf(about['type']).toLowerCase());
    made[name] = { value };
  }
  return made;
}

function madeUp(name: string, type: string): Json {
  if (type === 'int') return 1;
  if (type === 'bool') return true;
  if (type === 'array') return [];
  if (type === 'object') return {};
  if (/prefix|addressspace|cidr|range/i.test(name)) return '10.0.0.0/16';
  if (/location|region/i.test(name)) return location;
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 15);
}

describe.skipIf(corpusFolder === undefined)('real templates', () => {
  test.each(names)('%s', async (name) => {
    const template = readJson(readFileSync(join(folder, name), 'utf8'), name) as JsonObject;
    const body = { properties: { mode: 'Incremental', template, parameters: parametersOf(template) } };
    const answers = [
      await plane.ask('POST', `${deployment}/validate`, body),
      await plane.ask('POST', `${deployment}/whatIf`, body),
      await plane.ask('PUT', deployment, body),
    ];
    for (const { status, code, message, body: answer } of answers) {
      if (process.env['SHOW'])
        console.log(
          name,
          status,
          code,
          message.slice(0, 400),
          JSON.stringify(inside(answer, 'properties', 'diagnostics') ?? null).slice(0, 300),
        );
      if (status < 300) continue;
      const error = objectOf(answer['error']);
      const inner = inside(error, 'details', 0);
      const target = textOf(objectOf(inner ?? error)['target']);
      expect(target, `${code}: ${message}`).toMatch(/\w/);
      expect(message.length).toBeGreaterThan(40);
    }
    expect(plane.plane.network().warnings).toBeDefined();
  });
});
