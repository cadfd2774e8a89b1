import { describe, expect, test } from 'vitest';
import { templateFunctions } from '../../src/arm-template/functions.ts';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { evaluateExpression } from './evaluate-expression.ts';

const template: JsonObject = {
  parameters: {
    name: { type: 'string', defaultValue: 'web' },
    list: { type: 'array', defaultValue: [3, 1, 2] },
    object: { type: 'object', defaultValue: { one: 'a', Two: { three: [10, 20] } } },
    open: { type: 'string' },
    maybe: { type: 'string', nullable: true },
    itself: { type: 'string', defaultValue: "[variables('loop')]" },
  },
  variables: {
    prefix: "[concat(parameters('name'), '-')]",
    loop: "[parameters('itself')]",
    copy: [{ name: 'squares', count: 4, input: "[mul(copyIndex('squares'), copyIndex('squares'))]" }],
    tiers: { copy: [{ name: 'names', count: 2, input: "[concat('tier', copyIndex('names', 1))]" }], other: true },
    half: { good: 'g', bad: "[parameters('open')]" },
  },
  functions: [
    {
      namespace: 'own',
      members: {
        greet: {
          parameters: [{ name: 'who', type: 'string' }],
          output: { type: 'string', value: "[concat('hello ', parameters('who'))]" },
        },
      },
    },
  ],
};

const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/NSGFLOW';

/** Expression and value. */
const cases: Record<string, [string, unknown][]> = {
  text: [
    ["base64('abc')", 'YWJj'],
    ["base64ToString('YWJj')", 'abc'],
    ["base64ToJson('eyJhIjoxfQ==').a", 1],
    ["dataUri('hi')", 'data:text/plain;charset=utf8;base64,aGk='],
    ["dataUriToString(dataUri('hi'))", 'hi'],
    ["endsWith('Abcdef', 'EF')", true],
    ["startsWith('Abcdef', 'aB')", true],
    ["format('{0}-{1}-{0}', 'a', 2)", 'a-2-a'],
    ["format('{{{0:D3}}} {1:N0} {2:X2} {0:000}', 7, 1234567, 255)", '{007} 1,234,567 FF 007'],
    ["format('{0}', true())", 'True'],
    ["guid('a', 'b', 'c')", 'a98fa280-e03f-5afa-8d8e-92d0a9c201e8'],
    ["join(createArray('a', 'b'), '-')", 'a-b'],
    ['json(\'{"a":[1]}\').a[0]', 1],
    ["padLeft('7', 3, '0')", '007'],
    ['padLeft(7, 3)', '  7'],
    ["replace('a.b.c', '.', '$&')", 'a$&b$&c'],
    ["split('a;b,c', createArray(';', ','))", ['a', 'b', 'c']],
    ["split('a-b', '-')", ['a', 'b']],
    ['string(12)', '12'],
    ['string(true())', 'True'],
    ["string(createObject('a', createArray(1, 'b')))", '{"a":[1,"b"]}'],
    ["substring('abcdef', 1, 3)", 'bcd'],
    ["substring('abcdef', 4)", 'ef'],
    ["toLower('AbC')", 'abc'],
    ["toUpper('AbC')", 'ABC'],
    ["trim('  a ')", 'a'],
    ["uniqueString('test')", 'rbgf3xv4ufgzg'],
    ["uniqueString('hello', 'world')", 'a7wkljktk6wne'],
    ["uniqueString('abc')", 'cgtzqvhu4i23s'],
    ["uniqueString('foo', 'bar', 'baz')", 'xzi4ioaxtmth4'],
    [
      "uniqueString('/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/rg-modm201-20230913120256/providers/Microsoft.Compute/virtualMachines/bobjacmodm201')",
      'yvjxno3je5on2',
    ],
    ["uri('https://a.example/b/', 'c.json')", 'https://a.example/b/c.json'],
    ["uriComponent('a b/c')", 'a%20b%2Fc'],
    ["uriComponentToString('a%20b')", 'a b'],
    ["'it''s'", "it's"],
  ],
  collections: [
    ["array('a')", ['a']],
    ['array(createArray(1))', [1]],
    ["concat('a', 1, true())", 'a1True'],
    ['concat(createArray(1), createArray(2, 3))', [1, 2, 3]],
    ["contains('OneTwo', 'etw')", true],
    ["contains(createArray('a'), 'A')", false],
    ["contains(createObject('Key', 1), 'key')", true],
    ["createObject('a', 1, 'b', null()).b", null],
    ["empty('')", true],
    ['empty(createArray())', true],
    ['empty(null())', true],
    ['empty(createArray(0))', false],
    ["first('abc')", 'a'],
    ["first(parameters('list'))", 3],
    ["last('abc')", 'c'],
    ['last(createArray(1, 2))', 2],
    ['flatten(createArray(createArray(1, 2), createArray(3)))', [1, 2, 3]],
    ["indexOf('abcabc', 'C')", 2],
    ["lastIndexOf('abcabc', 'B')", 4],
    ["indexOf(parameters('list'), 2)", 2],
    ['intersection(createArray(1, 2, 3), createArray(3, 2, 4))', [2, 3]],
    ["intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", { a: 1 }],
    ["items(createObject('b', 2, 'a', 1))[0].key", 'a'],
    ["length('abc')", 3],
    ["length(parameters('object'))", 2],
    ["objectKeys(parameters('object'))", ['one', 'Two']],
    ['range(5, 3)', [5, 6, 7]],
    ["shallowMerge(createArray(createObject('a', 1), createObject('a', 2, 'b', 3)))", { a: 2, b: 3 }],
    ["skip('abcdef', 2)", 'cdef'],
    ["take(parameters('list'), 2)", [3, 1]],
    ["tryGet(parameters('object'), 'two', 'three', 1)", 20],
    ["tryGet(parameters('object'), 'nothing')", null],
    ["union(createObject('a', createObject('x', 1)), createObject('A', createObject('y', 2)))", { a: { x: 1, y: 2 } }],
    ['union(createArray(1, 2), createArray(2, 3))', [1, 2, 3]],
    ["filter(parameters('list'), lambda('n', greater(lambdaVariables('n'), 1)))", [3, 2]],
    ["map(parameters('list'), lambda('n', 'i', add(lambdaVariables('n'), lambdaVariables('i'))))", [3, 2, 4]],
    [
      "map(createArray(1, 2), lambda('a', map(createArray(10), lambda('b', add(lambdaVariables('a'), lambdaVariables('b'))))))",
      [[11], [12]],
    ],
    ["reduce(parameters('list'), 0, lambda('sum', 'n', add(lambdaVariables('sum'), lambdaVariables('n'))))", 6],
    ["sort(parameters('list'), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", [1, 2, 3]],
    [
      "toObject(createArray('a', 'b'), lambda('k', lambdaVariables('k')), lambda('k', toUpper(lambdaVariables('k'))))",
      { a: 'A', b: 'B' },
    ],
    [
      "groupBy(createArray('ab', 'ac', 'b'), lambda('t', take(lambdaVariables('t'), 1)))",
      { a: ['ab', 'ac'], b: ['b'] },
    ],
    ["mapValues(createObject('a', 1), lambda('n', mul(lambdaVariables('n'), 2)))", { a: 2 }],
  ],
  logic: [
    ['add(2, -3)', -1],
    ['sub(2, 3)', -1],
    ['mul(4, 3)', 12],
    ['div(-7, 2)', -3],
    ['mod(7, 3)', 1],
    ['max(1, 3, 2)', 3],
    ["min(parameters('list'))", 1],
    ["int('42')", 42],
    ["float('1.5')", 1.5],
    ["equals('a', 'A')", false],
    ["equals(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 1))", true],
    ['less(1, 2)', true],
    ["lessOrEquals('a', 'a')", true],
    ["greater('b', 'a')", true],
    ['greaterOrEquals(1, 2)', false],
    ["coalesce(null(), parameters('maybe'), 'c', parameters('open'))", 'c'],
    ["and(true(), false(), parameters('open'))", false],
    ["or(true(), parameters('open'))", true],
    ['not(false())', true],
    ["if(true(), 'yes', parameters('open'))", 'yes'],
    ["bool('TRUE')", true],
    ['bool(0)', false],
  ],
  deployment: [
    ["variables('prefix')", 'web-'],
    ["VARIABLES('PREFIX')", 'web-'],
    ["variables('squares')", [0, 1, 4, 9]],
    ["variables('tiers')", { names: ['tier1', 'tier2'], other: true }],
    ["variables('half').good", 'g'],
    ["parameters('object').TWO.three[1]", 20],
    ["parameters('object')['one']", 'a'],
    ["parameters('maybe')", null],
    ["own.greet('you')", 'hello you'],
    [
      "resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')",
      `${group}/providers/Microsoft.Network/virtualNetworks/v/subnets/s`,
    ],
    ["resourceId('Microsoft.Network/virtualNetworks/', 'v')", `${group}/providers/Microsoft.Network/virtualNetworks/v`],
    [
      "resourceId('rg', 'A.B/c', 'n')",
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/A.B/c/n',
    ],
    ["resourceId('sub', 'rg', 'A.B/c', 'n')", '/subscriptions/sub/resourceGroups/rg/providers/A.B/c/n'],
    ["subscriptionResourceId('A.B/c', 'n')", '/subscriptions/00000000-0000-0000-0000-000000000000/providers/A.B/c/n'],
    ["tenantResourceId('A.B/c', 'n')", '/providers/A.B/c/n'],
    [
      "managementGroupResourceId('mg', 'A.B/c', 'n')",
      '/providers/Microsoft.Management/managementGroups/mg/providers/A.B/c/n',
    ],
    ["extensionResourceId(resourceGroup().id, 'A.B/c', 'n')", `${group}/providers/A.B/c/n`],
    ['resourceGroup().location', 'local'],
    ['subscription().subscriptionId', '00000000-0000-0000-0000-000000000000'],
    ['tenant().tenantId', '00000000-0000-0000-0000-000000000000'],
    ['deployment().name', 'NSGFLOW'],
    ['environment().suffixes.storage', 'core.windows.net'],
  ],
};

describe.each(Object.entries(cases))('%s', (_, rows) => {
  test.each(rows)('%s', (expression, value) => {
    expect(JSON.parse(JSON.stringify(evaluateExpression(expression, template)))).toEqual(value);
  });
});

describe('what cannot be resolved says which part, and why', () => {
  test.each([
    ["parameters('open')", "parameter 'open' has no value and no default; give it in a parameters file"],
    ["parameters('nothing')", "the template declares no parameter 'nothing'"],
    ["variables('nothing')", "the template declares no variable 'nothing'"],
    ["variables('half').bad", "parameter 'open' has no value and no default; give it in a parameters file"],
    ["variables('loop')", 'depends on itself'],
    ['nonsense(1)', 'the function nonsense() is not known'],
    ['own.nothing(1)', 'the function own.nothing() is not known'],
    ['toString()', 'the function toString() is not known'],
    ["toLower('a', 'b')", 'toLower() takes 1 argument, not 2'],
    ["substring('abc', 2, 5)", 'substring() from 2 with length 5 is outside a text of 3'],
    ['toLower(1)', 'argument 1 of toLower() is a number, not a string'],
    ['add(1, true())', 'argument 2 of add() is a boolean, not an integer'],
    ["parameters('object').nothing", "there is no property 'nothing'"],
    ["parameters('list')[3]", 'index 3 is outside an array of 3'],
    ["parameters('name').x", "'x' is read from a string"],
    ['div(1, 0)', 'div() by zero'],
    ['copyIndex()', 'copyIndex() outside a copy loop'],
    ["copyIndex('x')", "there is no copy loop 'x'"],
    ["reference('y')", 'reference() asks for y, which is not in the template; only Azure knows it'],
    ["listKeys('x', '2020-01-01')", 'listKeys() has no value here: only Azure can answer it'],
    ['utcNow()', 'utcNow() has no value here: it is different every time: give the parameter a value'],
    ["resourceId('A.B/c/d', 'n')", "resourceId('A.B/c/d') needs 2 names, not 1"],
    ["json('{')", 'argument 1 of json() is a string, not JSON text'],
    ["format('{1}', 'a')", 'format() has no argument for {1}'],
    ["map(createArray(1), 'x')", 'argument 2 of map() is not a lambda'],
    ["lambdaVariables('x')", "there is no lambda variable 'x'"],
    ["concat('a'", "syntax: ')' expected at column 11, found the end"],
    ["concat('a') b", "syntax: the end expected at column 13, found 'b'"],
    ["concat('a", 'the text that begins at column 8 does not end'],
    ['concat', "syntax: '(' expected at column 7, found the end"],
    ['', 'syntax: a name expected at column 1, found the end'],
  ])('%s', (expression, reason) => {
    expect(evaluateExpression(expression, template)).toContain(`error: `);
    expect(evaluateExpression(expression, template)).toContain(reason);
  });
});

test('every function of the table has an example', () => {
  const shown = Object.values(cases)
    .flat()
    .map(([expression]) => expression.toLowerCase());
  const failing = ['copyindex', 'reference', 'newguid', 'utcnow', 'pickzones', 'providers', 'deployer', 'list'];
  const missing = Object.keys(templateFunctions).filter(
    (name) =>
      !shown.some((expression) => expression.includes(`${name}(`)) &&
      !failing.includes(name) &&
      !name.startsWith('list'),
  );
  expect(missing).toEqual([]);
});

test('a text that begins with [[ is a text', () => {
  expect(evaluateExpression('[x')).toBe('[x]');
});
