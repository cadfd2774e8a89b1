// Look-ups of addresses, millions a second of processor time on one core: `npm run bench -- enrich` (after `npm run build`).
import { cpuSeconds } from './flow-logs.mjs';

/** Prefixes of a ServiceTags file, by family. */
const prefixes4 = 60_000;
const prefixes6 = 30_000;
const lookups = 2_000_000;

export async function run() {
  const { PrefixTable } = await import('../dist/enrich/prefix-table.js');
  const { maskPrefix } = await import('../dist/net/prefix.js');
  const { openNames } = await import('../dist/enrich/names.js');
  const { formatAddress } = await import('../dist/net/address.js');
  const random = randomWords(7);
  const ipv4 = () => ({ family: 4, words: [0, 0, 0xffff, random()] });
  // Azure's IPv6 prefixes lie together.
  const ipv6 = () => ({ family: 6, words: [0x26030000 | (random() >>> 18), random(), random(), random()] });
  const entries = [
    ...Array.from({ length: prefixes4 }, (_, i) => [maskPrefix(ipv4(), 12 + (random() % 21)), i]),
    ...Array.from({ length: prefixes6 }, (_, i) => [maskPrefix(ipv6(), 20 + (random() % 45)), i]),
  ];
  let table;
  const built = await cpuSeconds(() => (table = new PrefixTable(entries)));
  const rows = [['building the table', `${prefixes4 + prefixes6} prefixes`, `${(1000 * built).toFixed(0)} ms`]];
  let sum = 0;
  const words = Uint32Array.from({ length: 4 * lookups }, random);
  const perSecond = (seconds, count) => `${(count / 1e6 / seconds).toFixed(1)} million/s`;
  const four = await cpuSeconds(() => {
    for (let i = 0; i < lookups; i++) sum += table.findIpv4(words[i])?.values.length ?? 0;
  }, 3);
  rows.push(['longest prefix, IPv4', `${prefixes4} prefixes`, perSecond(four, lookups)]);
  const six = await cpuSeconds(() => {
    for (let i = 0; i < lookups; i++)
      sum +=
        table.findIpv6(0x26030000 | (words[4 * i] >>> 18), words[4 * i + 1], words[4 * i + 2], words[4 * i + 3])?.values
          .length ?? 0;
  }, 3);
  rows.push(['longest prefix, IPv6', `${prefixes6} prefixes`, perSecond(six, lookups)]);
  const names = await openNames();
  const texts = Array.from({ length: 100_000 }, (_, i) => formatAddress(i % 5 === 0 ? ipv6() : ipv4()));
  const all = await cpuSeconds(() => {
    for (const text of texts) sum += Object.keys(names.look(text, 0)).length;
  }, 3);
  rows.push(['all names of an address, from its text', 'packed countries', perSecond(all, texts.length)]);
  return {
    title: 'Names for addresses',
    header: ['look-up', 'over', 'processor time'],
    rows,
    note: `Random addresses; the sum ${sum > 0 ? 'is not 0' : 'is 0'}, so that no look-up is left out.`,
  };
}

/** A small generator of 32-bit words: the same ones each time. */
function randomWords(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state ^ (state >>> 15)) >>> 0;
  };
}
