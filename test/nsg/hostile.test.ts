import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import { nicBody, nsgBody, ruleBody, serviceTagsText, virtualNetworkBody } from './bodies.ts';

/** Imports and compiles; a FlowError is an answer, any other error a fault. */
function survive(text: string): 'imported' | 'refused' {
  try {
    compileNetwork(
      importNetwork({
        files: [
          { path: 'hostile.json', text },
          { path: 'tags.json', text: serviceTagsText },
        ],
      }),
    );
    return 'imported';
  } catch (error) {
    if (error instanceof FlowError && error.code === 'network-invalid') return 'refused';
    throw error;
  }
}

const small = JSON.stringify({
  value: [
    nsgBody('n', [ruleBody('r', { sourceAddressPrefix: 'Storage', destinationPortRange: '80-81' })], {
      subnets: [],
      resourceGuid: 'x',
    }),
    virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 's', prefix: '10.1.1.0/24', nsg: 'n' }], ['v']),
    nicBody('a', ['10.1.1.4'], { subnet: 's', nsg: 'n', groups: ['g'], mac: '000D3A000001' }),
  ],
});

describe('changed answers', () => {
  test('the unchanged one imports', () => {
    expect(survive(small)).toBe('imported');
  });

  test('every prefix is refused', () => {
    for (let length = 0; length < small.length; length++) expect(survive(small.slice(0, length))).toBe('refused');
  });

  test('every change of one character is refused or imports', () => {
    const long = process.env['NSGFLOW_LONG'] === '1';
    const replacements = long ? [...'[]{}":,0-x\\ /*$'] : [...'["0'];
    const step = long ? 1 : 5;
    const outcomes = { imported: 0, refused: 0 };
    for (let at = 0; at < small.length; at += step)
      for (const replacement of replacements)
        outcomes[survive(small.slice(0, at) + replacement + small.slice(at + 1))]++;
    expect(outcomes.imported).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(100);
  });

  test('every value replaced by one of another kind is refused or imports', () => {
    const others: unknown[] = [
      null,
      true,
      7,
      -1,
      '',
      'x',
      [],
      {},
      [null],
      [[]],
      { id: 7 },
      [{ id: [] }],
      { properties: 'x' },
    ];
    const outcomes = { imported: 0, refused: 0 };
    const visit = (value: unknown, put: (other: unknown) => unknown): void => {
      for (const other of others) outcomes[survive(JSON.stringify(put(other)))]++;
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value))
        visit(inner, (other) =>
          put(Array.isArray(value) ? value.with(Number(key), other) : { ...value, [key]: other }),
        );
    };
    visit(JSON.parse(small), (other) => other);
    expect(outcomes.imported).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(100);
  });
});
