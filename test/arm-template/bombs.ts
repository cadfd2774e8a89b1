/**
 * Templates of a few kilobytes that would be endless written out, or take for ever to evaluate: a seeded generator over all ways to grow a value, all
 * template functions that take it, and all places where it may stand.
 */
import { templateFunctions } from '../../src/arm-template/functions.ts';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { cidrFunctions } from '../../src/nsg/cidr-functions.ts';

export interface Bomb {
  readonly name: string;
  readonly template: JsonObject;
}

export const functionNames = Object.keys({ ...templateFunctions, ...cidrFunctions }).sort();

/** Two of three grow a value, and each function takes one in turn; the others take their time. */
export function makeBombs(count: number, seed: number): Bomb[] {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)];
  return Array.from({ length: count }, (_, index) => {
    if (index % 3 === 2) {
      const slow = slowOnes[Math.floor(index / 3) % slowOnes.length];
      return { name: `${index}: ${slow.name}`, template: slow.make(random) };
    }
    const growth = pick(growths);
    const taker = functionNames[(index - Math.floor(index / 3)) % functionNames.length];
    const place = pick(places);
    const levels = 30 + Math.floor(random() * 40);
    const grown = growth.make(levels, random);
    const expression = takerCall(taker, grown.big, random);
    return {
      name: `${index}: ${growth.name} ${levels} times, to ${taker}, in ${place.name}`,
      template: merge(grown.template, place.make(grown.big, expression)),
    };
  });
}

interface Grown {
  readonly template: JsonObject;
  /** Expression, without brackets, of what has grown. */
  readonly big: string;
}

interface Growth {
  readonly name: string;
  make(levels: number, random: () => number): Grown;
}

const v = (index: number): string => `variables('v${index}')`;

/** Variables, each made of the one before it. */
function chained(name: string, first: Json, step: (before: string) => Json): Growth {
  return {
    name,
    make(levels) {
      const variables: Record<string, Json> = { v0: first };
      for (let i = 1; i <= levels; i++) variables[`v${i}`] = step(v(i - 1));
      return { template: { variables }, big: v(levels) };
    },
  };
}

const growths: readonly Growth[] = [
  chained('lists of lists', ['x'], (a) => `[createArray(${a}, ${a})]`),
  chained('objects of objects', { x: 1 }, (a) => `[createObject('a', ${a}, 'b', ${a})]`),
  chained('written lists', ['x'], (a) => [`[${a}]`, `[${a}]`]),
  chained('written objects', { x: 1 }, (a) => ({ a: `[${a}]`, b: { c: `[${a}]` } })),
  chained('texts', 'x', (a) => `[concat(${a}, ${a})]`),
  chained('long lists', [1], (a) => `[concat(${a}, ${a})]`),
  chained('formats', 'x', (a) => `[format('{0}{0}', ${a})]`),
  chained('replacements', 'x', (a) => `[replace(${a}, 'x', 'xxx')]`),
  chained('joined', 'x', (a) => `[join(createArray(${a}, ${a}, ${a}), ${a})]`),
  chained('quoted', 'x"', (a) => `[string(createArray(${a}, ${a}))]`),
  chained('base64', 'x', (a) => `[base64(concat(${a}, ${a}))]`),
  chained('URI components', 'ü', (a) => `[uriComponent(concat(${a}, ${a}))]`),
  chained('padded', 'x', (a) => `[concat(padLeft(${a}, 60000), ${a})]`),
  chained('mapped', ['x'], (a) => `[map(createArray(${a}, ${a}), lambda('x', createArray(lambdaVariables('x'))))]`),
  chained(
    'reduced',
    [1],
    (a) =>
      `[reduce(createArray(${a}, ${a}), createArray(), lambda('s', 'x', concat(lambdaVariables('s'), lambdaVariables('x'))))]`,
  ),
  chained('united', { x: 1 }, (a) => `[union(createObject('a', ${a}), createObject('b', ${a}))]`),
  chained('merged', { x: 1 }, (a) => `[shallowMerge(createArray(createObject('a', ${a}), createObject('b', ${a})))]`),
  chained('items', { x: 1 }, (a) => `[createObject('a', items(createObject('b', ${a}, 'c', ${a})))]`),
  chained('grouped', ['x'], (a) => `[createArray(groupBy(createArray(${a}, ${a}), lambda('x', 'k')))]`),
  chained('conditions', ['x'], (a) => `[if(true(), createArray(${a}, ${a}), ${a})]`),
  chained('first ones', ['x'], (a) => `[first(createArray(createArray(${a}, ${a})))]`),
  {
    name: 'loops of variables',
    make(levels) {
      const copy: Json[] = [{ name: 'v0', count: 1, input: 'x' }];
      for (let i = 1; i <= levels; i++) copy.push({ name: `v${i}`, count: 3, input: `[${v(i - 1)}]` });
      return { template: { variables: { copy } }, big: v(levels) };
    },
  },
  {
    name: 'loops of properties',
    make(levels) {
      let input: Json = 'x';
      for (let i = 0; i < Math.min(levels, 30); i++) input = { copy: [{ name: 'c', count: 3, input }] };
      return { template: { variables: { big: input } }, big: "variables('big')" };
    },
  },
  {
    name: 'functions of users',
    make(levels) {
      const members = {
        double: {
          parameters: [{ name: 'a', type: 'array' }],
          output: { type: 'array', value: "[createArray(parameters('a'), parameters('a'))]" },
        },
      };
      const grown = chained('', ['x'], (a) => `[my.double(${a})]`).make(levels, () => 0);
      return { template: { ...grown.template, functions: [{ namespace: 'my', members }] }, big: grown.big };
    },
  },
  {
    name: 'parameters',
    make(levels) {
      const parameters: Record<string, Json> = { p0: { type: 'array', defaultValue: ['x'] } };
      for (let i = 1; i <= levels; i++)
        parameters[`p${i}`] = {
          type: 'array',
          defaultValue: `[createArray(parameters('p${i - 1}'), parameters('p${i - 1}'))]`,
        };
      return { template: { parameters }, big: `parameters('p${levels}')` };
    },
  },
  {
    name: 'modules in modules',
    make(levels) {
      const depth = Math.min(levels, 25);
      let resources: Json[] = [];
      for (let i = depth; i > 0; i--)
        resources = [
          moduleOf(
            `m${i}`,
            {
              parameters: { a: { type: 'array' } },
              resources,
              outputs: { o: { type: 'array', value: "[parameters('a')]" } },
            },
            { a: { value: i === 1 ? ['xxxxxxxx'] : "[createArray(parameters('a'), parameters('a'))]" } },
          ),
        ];
      return { template: { resources }, big: "createArray(reference('m1').outputs.o.value)" };
    },
  },
  {
    name: 'outputs of modules',
    make(levels) {
      const resources: Json[] = [moduleOf('m0', { resources: [], outputs: { o: { type: 'array', value: ['x'] } } })];
      for (let i = 1; i <= levels; i++) {
        const before = `reference('m${i - 1}').outputs.o.value`;
        resources.push(
          moduleOf(
            `m${i}`,
            {
              resources: [],
              outputs: { o: { type: 'array', value: "[createArray(parameters('a'), parameters('a'))]" } },
              parameters: { a: { type: 'array' } },
            },
            { a: { value: `[${before}]` } },
          ),
        );
      }
      return { template: { resources }, big: `reference('m${levels}').outputs.o.value` };
    },
  },
];

function moduleOf(name: string, template: JsonObject, parameters: JsonObject = {}): JsonObject {
  return {
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name,
    properties: {
      mode: 'Incremental',
      expressionEvaluationOptions: { scope: 'inner' },
      parameters,
      template: { ...envelope, ...template },
    },
  };
}

const envelope = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
};

/** A call of a function with what has grown as one or all of its arguments. */
function takerCall(name: string, big: string, random: () => number): string {
  const others = ["'x'", '1', big, big, `string(${big})`, `createArray(${big})`, `createObject('a', ${big})`];
  if (['filter', 'map', 'sort', 'mapvalues', 'groupby', 'toobject', 'reduce'].includes(name)) {
    const lambda = "lambda('a', 'b', equals(lambdaVariables('a'), lambdaVariables('b')))";
    return name === 'reduce' ? `reduce(${big}, ${big}, ${lambda})` : `${name}(${big}, ${lambda})`;
  }
  const { least, most } = { ...templateFunctions, ...cidrFunctions }[name];
  const count = Math.max(least, Math.min(most, 1 + Math.floor(random() * 4)));
  const args = Array.from({ length: count }, (_, index) =>
    index === 0 ? big : others[Math.floor(random() * others.length)],
  );
  return `${name}(${args.join(', ')})`;
}

interface BombPlace {
  readonly name: string;
  make(big: string, expression: string): JsonObject;
}

const nsg = (more: JsonObject): JsonObject => ({
  type: 'Microsoft.Network/networkSecurityGroups',
  apiVersion: '2024-05-01',
  name: 'nsg',
  location: 'westeurope',
  ...more,
});

const places: readonly BombPlace[] = [
  {
    name: 'an output',
    make: (big, expression) => ({
      outputs: { a: { type: 'array', value: `[${big}]` }, b: { type: 'object', value: `[${expression}]` } },
    }),
  },
  {
    name: 'a rule list',
    make: (big, expression) => ({
      resources: [nsg({ properties: { securityRules: `[${big}]`, other: `[${expression}]` } })],
    }),
  },
  {
    name: 'tags',
    make: (big, expression) => ({ resources: [nsg({ tags: { a: `[${expression}]`, b: `[${big}]` } })] }),
  },
  { name: 'a name', make: (big) => ({ resources: [nsg({ name: `[string(${big})]` })] }) },
  { name: 'dependsOn', make: (big) => ({ resources: [nsg({ dependsOn: `[${big}]` })] }) },
  {
    name: 'a condition',
    make: (big, expression) => ({ resources: [nsg({ condition: `[equals(${big}, ${expression})]` })] }),
  },
  {
    name: 'a count',
    make: (big) => ({ resources: [nsg({ copy: { name: 'c', count: `[length(string(${big}))]` } })] }),
  },
  {
    name: 'a loop of outputs',
    make: (big) => ({ outputs: { a: { type: 'array', copy: { count: 800, input: `[${big}]` } } } }),
  },
  {
    name: 'a module',
    make: (big, expression) => ({
      resources: [
        moduleOf(
          'last',
          {
            parameters: { a: { type: 'array' }, b: { type: 'array', defaultValue: [] } },
            resources: [nsg({ properties: { securityRules: "[parameters('a')]" } })],
            outputs: { o: { type: 'array', value: "[concat(parameters('a'), parameters('b'))]" } },
          },
          { a: { value: `[${big}]` }, b: { value: `[${expression}]` } },
        ),
      ],
    }),
  },
];

interface Slow {
  readonly name: string;
  make(random: () => number): JsonObject;
}

const output = (expression: string, more: JsonObject = {}): JsonObject => ({
  resources: [],
  ...more,
  outputs: { a: { type: 'array', value: `[${expression}]` } },
});
const wide = 'range(0, 10000)';
const longText = "variables('t')";
const longTexts = (unit: string): JsonObject => ({
  variables: {
    t0: unit.repeat(1000 / unit.length),
    t1: "[join(map(range(0, 1000), lambda('i', variables('t0'))), '')]",
    t: "[variables('t1')]",
  },
});
const loops = (depth: number, input: Json): Json =>
  depth === 0 ? input : { copy: [{ name: `c${depth}`, count: 800, input: loops(depth - 1, input) }] };

/** The same expression, 640,000 times. */
const often = (expression: string, more: JsonObject = {}): JsonObject => ({
  resources: [],
  ...more,
  outputs: { a: { type: 'array', value: loops(2, `[${expression}]`) } },
});
/** Lists and objects of very many parts. */
const large = (count: number): JsonObject => ({
  variables: {
    l0: `[${wide}]`,
    l: `[concat(${Array<string>(10).fill("variables('l0')").join(', ')})]`,
    o: Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 0])),
    p: Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1])),
    d: "[map(range(0, 10000), lambda('x', 'zz'))]",
  },
});
const manyKeys = 6000;
const same = (text: string, count: number): string => Array<string>(count).fill(text).join(', ');

const slowOnes: readonly Slow[] = [
  {
    name: 'long lists that are joined',
    make: () => often(`length(concat(${same("variables('l')", 1000)}))`, large(1)),
  },
  {
    name: 'long lists that are flattened',
    make: () => often(`length(flatten(createArray(${same("variables('l')", 1000)})))`, large(1)),
  },
  { name: 'lengths of objects', make: () => often("length(variables('o'))", large(manyKeys)) },
  { name: 'objects that are not empty', make: () => often("empty(variables('o'))", large(manyKeys)) },
  {
    name: 'objects that have nothing in common',
    make: () => often("length(intersection(variables('o'), variables('p')))", large(manyKeys)),
  },
  { name: 'expressions that fail', make: () => often("variables('none')", {}) },
  { name: 'very many separators', make: () => often("length(split('abc', variables('d')))", large(1)) },
  {
    name: 'a parameter without a value, and with very many keys',
    make: () => often("parameters('p')", { parameters: { p: large(manyKeys)['variables'] } }),
  },
  {
    name: 'a resource without properties',
    make: () =>
      often("reference('x')", {
        resources: [
          { type: 'a/b', name: 'x', tags: {}, ...((large(manyKeys)['variables'] as JsonObject)['o'] as JsonObject) },
        ],
      }),
  },
  {
    name: 'a list asked for each of a list',
    make: () => output(`filter(${wide}, lambda('x', contains(${wide}, lambdaVariables('x'))))`),
  },
  { name: 'places in lists', make: () => output(`map(${wide}, lambda('x', lastIndexOf(${wide}, -1)))`) },
  {
    name: 'lambdas in lambdas',
    make: () => output(`map(${wide}, lambda('x', map(${wide}, lambda('y', map(${wide}, lambda('z', 1))))))`),
  },
  {
    name: 'sorting',
    make: () =>
      output(
        `map(${wide}, lambda('x', sort(${wide}, lambda('a', 'b', less(lambdaVariables('b'), lambdaVariables('a'))))))`,
      ),
  },
  {
    name: 'patterns that repeat',
    make: () =>
      output(
        `map(${wide}, lambda('x', contains(${longText}, concat('b', substring(${longText}, 0, 500000)))))`,
        longTexts('a'),
      ),
  },
  {
    name: 'pieces',
    make: () =>
      output(
        `map(${wide}, lambda('x', split(${longText}, createArray('b', 'c', 'd', 'e', 'f', 'g'))))`,
        longTexts('ab'),
      ),
  },
  {
    name: 'replacing',
    make: () => output(`map(${wide}, lambda('x', length(replace(${longText}, 'a', ''))))`, longTexts('ab')),
  },
  {
    name: 'hashes',
    make: () => output(`map(${wide}, lambda('x', uniqueString(${longText}, ${longText})))`, longTexts('ab')),
  },
  { name: 'GUIDs', make: () => output(`map(${wide}, lambda('x', guid(${longText})))`, longTexts('ab')) },
  {
    name: 'parsing',
    make: () =>
      output(
        `map(${wide}, lambda('x', length(json(concat('[', replace(substring(${longText}, 0, 500000), 'ab', '[],'), '1]')))))`,
        longTexts('ab'),
      ),
  },
  {
    name: 'unions of lists',
    make: () => output(`reduce(${wide}, ${wide}, lambda('s', 'x', union(lambdaVariables('s'), ${wide})))`),
  },
  { name: 'intersections', make: () => output(`map(${wide}, lambda('x', intersection(${wide}, ${wide}, ${wide})))`) },
  {
    name: 'unions of objects',
    make: () =>
      output(
        `reduce(${wide}, createObject(), lambda('s', 'x', union(lambdaVariables('s'), createObject(string(lambdaVariables('x')), 1))))`,
      ),
  },
  {
    name: 'merging',
    make: () =>
      output(
        `map(${wide}, lambda('x', shallowMerge(map(${wide}, lambda('y', createObject(string(lambdaVariables('y')), 1))))))`,
      ),
  },
  { name: 'loops in loops of properties', make: () => ({ resources: [nsg({ properties: loops(4, 'x') })] }) },
  {
    name: 'long expressions in loops',
    make: () => ({ resources: [nsg({ properties: loops(3, `[concat('${'x'.repeat(20_000)}' 1)]`) })] }),
  },
  {
    name: 'loops of modules',
    make: () => {
      let resources: Json[] = [nsg({ name: "[concat('n', copyIndex())]", copy: { name: 'n', count: 800 } })];
      for (let i = 0; i < 4; i++)
        resources = [{ ...moduleOf(`m${i}`, { resources }), copy: { name: `l${i}`, count: 800 } }];
      return { resources };
    },
  },
  {
    name: 'all need all',
    make: () => ({
      resources: [nsg({ name: "[concat('n', copyIndex())]", copy: { name: 'all', count: 801 }, dependsOn: ['all'] })],
    }),
  },
  {
    name: 'names that are not there',
    make: (random) => {
      const variables: Record<string, Json> = {};
      for (let i = 0; i < 3000; i++) variables[`k${i}-${Math.floor(random() * 1e6)}`] = i;
      return output(`map(${wide}, lambda('x', tryGet(variables('o'), concat('K', lambdaVariables('x')))))`, {
        variables: { o: variables },
      });
    },
  },
  { name: 'greatest ones', make: () => output(`map(${wide}, lambda('x', max(${wide})))`) },
  {
    name: 'formats of long texts',
    make: () => output(`format(join(map(${wide}, lambda('x', '{0}')), ''), ${longText})`, longTexts('ab')),
  },
  {
    name: 'calls of users in calls of users',
    make: () =>
      output('my.f(1)', {
        functions: [
          {
            namespace: 'my',
            members: Object.fromEntries(
              Array.from({ length: 60 }, (_, i) => [
                i === 0 ? 'f' : `f${i}`,
                {
                  parameters: [{ name: 'a', type: 'int' }],
                  output: { type: 'int', value: `[add(my.f${i + 1}(1), my.f${i + 1}(1))]` },
                },
              ]),
            ),
          },
        ],
      }),
  },
  { name: 'texts of lists', make: () => output(`map(${wide}, lambda('x', length(string(${wide}))))`) },
  { name: 'equal lists', make: () => output(`map(${wide}, lambda('x', equals(${wide}, ${wide})))`) },
  {
    name: 'outputs of one value',
    make: () => ({
      ...output('1', longTexts('ab')),
      outputs: Object.fromEntries(
        Array.from({ length: 300 }, (_, i) => [`o${i}`, { type: 'string', value: `[${longText}]` }]),
      ),
    }),
  },
  {
    name: 'resources of one value',
    make: () => ({
      ...longTexts('ab'),
      resources: [
        nsg({ name: "[concat('n', copyIndex())]", copy: { name: 'n', count: 700 }, tags: { a: `[${longText}]` } }),
      ],
    }),
  },
];

function merge(a: JsonObject, b: JsonObject): JsonObject {
  const list = (of: JsonObject): readonly Json[] => (Array.isArray(of['resources']) ? of['resources'] : []);
  return { ...envelope, ...a, ...b, resources: [...list(a), ...list(b)] };
}

/** Numbers of 0 to 1 (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
