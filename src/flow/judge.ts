import { directionInbound, directionOutbound } from '../flowlog/tuple.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import { flowDenied } from './connection.ts';
import type { FlowTable } from './table.ts';
import { kindFamily6, kindFlagsShift, kindOutbound, kindTcp, kindWord, portsWord, rowWords } from './table.ts';

/** Whether an address, four words at `at`, is on the local side. */
export type IsLocal = (family: number, words: Uint32Array, at: number) => boolean;

/** Evaluates the rules for flows in memory. */
export class Judge {
  readonly #table: FlowTable;
  readonly #isLocal: IsLocal | undefined;
  #network: CompiledNetwork;
  /** By decision. */
  #denies: Uint8Array;

  /** @param isLocal if given, it decides the direction of a flow, independent of its first packet */
  constructor(table: FlowTable, network: CompiledNetwork, isLocal: IsLocal | undefined) {
    this.#table = table;
    this.#isLocal = isLocal;
    this.#network = network;
    this.#denies = deniesOf(network);
  }

  get network(): CompiledNetwork {
    return this.#network;
  }

  /** Replaces the rules. */
  change(network: CompiledNetwork): void {
    this.#network = network;
    this.#denies = deniesOf(network);
  }

  /**
   * Sets the decision of a new flow.
   * @returns whether it is denied
   */
  judge(row: number): boolean {
    const { words, decisions } = this.#table.columns;
    const kind = row * rowWords + kindWord;
    const isLocal = this.#isLocal;
    if (isLocal !== undefined) {
      const family = (words[kind] & kindFamily6) !== 0 ? 6 : 4;
      const source = row * rowWords;
      const isInbound = isLocal(family, words, source + 4) && !isLocal(family, words, source);
      words[kind] = isInbound ? words[kind] & ~kindOutbound : words[kind] | kindOutbound;
    }
    const decision = this.#decide(row);
    decisions[row] = decision;
    const denied = this.#denies[decision] === 1;
    if (denied) words[kind] |= flowDenied << kindFlagsShift;
    return denied;
  }

  /** Whether the current rules deny a flow, independent of the decision that it has. */
  denies(row: number): boolean {
    return this.#denies[this.#decide(row)] === 1;
  }

  #decide(row: number): number {
    const { words } = this.#table.columns;
    const at = row * rowWords;
    const kind = words[at + kindWord];
    const ports = words[at + portsWord];
    return this.#network.decide(
      this.#table.nicOf(row),
      (kind & kindOutbound) !== 0 ? directionOutbound : directionInbound,
      (kind & kindFamily6) !== 0 ? 6 : 4,
      (kind & kindTcp) !== 0 ? protocolTcp : protocolUdp,
      words[at],
      words[at + 1],
      words[at + 2],
      words[at + 3],
      ports >>> 16,
      words[at + 4],
      words[at + 5],
      words[at + 6],
      words[at + 7],
      ports & 0xffff,
    );
  }
}

function deniesOf(network: CompiledNetwork): Uint8Array {
  return Uint8Array.from(network.decisions, ({ access }) => (access === 'deny' ? 1 : 0));
}
