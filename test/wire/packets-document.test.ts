import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { linkTypes } from '../../src/capture/link-type.ts';
import { captureDamages, captureReasons } from '../../src/capture/reason.ts';
import { wireReasonMeanings } from '../../src/wire/reason.ts';

const document = readFileSync(new URL('../../docs/reference/packets.md', import.meta.url), 'utf8');

/** The rows of the table below a heading, cells joined by ` | `. */
function tableBelow(heading: string): string[] {
  const section = document.slice(document.indexOf(`## ${heading}\n`)).split('\n## ')[0];
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => row.replace(/^\| | \|$/g, ''));
}

function rowsOf(table: Readonly<Record<string, string>>): string[] {
  return Object.entries(table).map(([name, meaning]) => `\`${name}\` | ${meaning}`);
}

describe('docs/reference/packets.md', () => {
  test('has every reason for which the reader refuses a packet', () => {
    expect(tableBelow('Refused by the reader')).toEqual(rowsOf(captureReasons));
  });

  test('has every kind of damage that is no packet', () => {
    expect(tableBelow('Damage that is no packet')).toEqual(rowsOf(captureDamages));
  });

  test('has every reason for which a packet has no five-tuple', () => {
    expect(tableBelow('Refused by the headers')).toEqual(rowsOf(wireReasonMeanings));
  });

  test('names no reason twice, since both kinds are shown in one list', () => {
    const reasons = [...Object.keys(captureReasons), ...Object.keys(wireReasonMeanings)];
    expect(reasons).toEqual([...new Set(reasons)]);
  });

  test('has every link type', () => {
    const rows = linkTypes.map(({ value, name, supported }) => `${value} | ${name} | ${supported ? 'yes' : 'no'}`);
    expect(tableBelow('Link types')).toEqual(rows);
  });
});
