import { directionInbound, directionOutbound, stateBegin, stateDenied } from '../flowlog/tuple.ts';
import type { PacketBatch } from '../net/packet.ts';
import { protocolTcp } from '../net/protocol.ts';
import { tcpFin, tcpRst, tcpSyn } from '../net/tcp-flags.ts';
import {
  flowDenied,
  flowEnded,
  flowFlagsMask,
  initiatorGuessedDestination,
  initiatorGuessedSource,
  initiatorIsDestination,
  isClosed,
  isOpening,
  tcpInitiator,
  withTcpFlags,
} from './connection.ts';
import type { Judge } from './judge.ts';
import type { PacketKeys } from './packet-keys.ts';
import type { FlowStore } from './store.ts';
import { rememberedUntil } from './sweep.ts';
import { keyKind, kindFlagsShift, kindOutbound, kindTcp, kindWord, rowWords } from './table.ts';

/** Counts packets at the NICs that they cross and updates their flows. kernel/flow/observe.ts does the same. */
export class PacketCounter {
  readonly #store: FlowStore;
  readonly #keys: PacketKeys;
  readonly #judge: Judge;

  constructor(store: FlowStore, keys: PacketKeys, judge: Judge) {
    this.#store = store;
    this.#keys = keys;
    this.#judge = judge;
  }

  /** Counts packet `i` of the batch at the NICs of its keys; there must be room for its events. */
  take(packets: PacketBatch, i: number): void {
    const { counts } = this.#store;
    const sourceNic = this.#keys.sourceNic[i];
    const destinationNic = this.#keys.destinationNic[i];
    if (sourceNic < 0 && destinationNic < 0) {
      counts.packetsNoNic++;
      return;
    }
    counts.packetsCounted++;
    counts.bytesCounted += packets.ipBytes[i];
    if (destinationNic < 0) {
      const ports = portsOf(packets, i);
      const hash = this.#keys.sourceHash[i];
      if (!this.#follow(packets, i, ports, sourceNic, hash)) this.#crossOut(packets, i, ports, sourceNic, hash);
    } else if (sourceNic < 0 || this.#crossFirst(packets, i, i)) this.#crossSecond(packets, i);
  }

  /**
   * Counts one packet at two NICs that see it differently: row 0 is the view of the source's NIC, row 1 that of the
   * destination's.
   */
  takeViews(views: PacketBatch): void {
    const { counts } = this.#store;
    counts.packetsCounted++;
    counts.bytesCounted += views.ipBytes[0];
    if (this.#crossFirst(views, 0, 1)) this.#crossSecond(views, 1);
  }

  /**
   * The fast path for most packets: counts a packet of an open flow that does not change its state.
   * @returns false, without a change, for other packets
   */
  #follow(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): boolean {
    const tcpFlags = packets.tcpFlags[i];
    if ((tcpFlags & (tcpSyn | tcpFin | tcpRst)) !== 0) return false;
    const { table, counts, idleTimeoutMillis } = this.#store;
    const kind = keyKind(nic, packets.family[i], packets.protocol[i] === protocolTcp);
    const found = table.find(hash, packets.source, packets.destination, 4 * i, ports, kind);
    if (found < 0) return false;
    const row = found >>> 1;
    if ((table.columns.words[row * rowWords + kindWord] & (flowFlagsMask << kindFlagsShift)) !== 0) return false;
    const lastSeen = table.lastSeen(row);
    const now = packets.timeMillis[i];
    if (now >= lastSeen + idleTimeoutMillis[nic]) return false;
    if (now > lastSeen) table.setLastSeen(row, now);
    const ipBytes = packets.ipBytes[i];
    table.count(row, found & 1, ipBytes);
    counts.observedAllowed++;
    counts.bytesAllowed += ipBytes;
    return true;
  }

  #crossOut(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): void {
    this.#cross(packets, i, ports, nic, hash, directionOutbound, this.#findLive(packets, i, ports, nic, hash));
  }

  #crossIn(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): void {
    this.#cross(packets, i, ports, nic, hash, directionInbound, this.#findLive(packets, i, ports, nic, hash));
  }

  /**
   * Counts a packet from one NIC to another at the first one. If it is denied there, it is not evaluated at the second,
   * and does not open a flow there if its response is denied. Row `j` is the second NIC's view.
   * @returns whether the packet continues to the second NIC
   */
  #crossFirst(packets: PacketBatch, i: number, j: number): boolean {
    const ports = portsOf(packets, i);
    const nic = this.#keys.sourceNic[i];
    const hash = this.#keys.sourceHash[i];
    if (this.#follow(packets, i, ports, nic, hash)) return true;
    const found = this.#findLive(packets, i, ports, nic, hash);
    if (found < 0) {
      const keys = this.#keys;
      const other = this.#findLive(packets, j, portsOf(packets, j), keys.destinationNic[j], keys.destinationHash[j]);
      if (other >= 0 && (this.#store.flagsOf(other >>> 1) & flowDenied) !== 0) {
        this.#count(packets, j, other);
        return false;
      }
    }
    return !this.#cross(packets, i, ports, nic, hash, directionOutbound, found);
  }

  #crossSecond(packets: PacketBatch, j: number): void {
    const ports = portsOf(packets, j);
    const nic = this.#keys.destinationNic[j];
    const hash = this.#keys.destinationHash[j];
    if (!this.#follow(packets, j, ports, nic, hash)) this.#crossIn(packets, j, ports, nic, hash);
  }

  /** As `FlowTable.find`, but first ends or forgets a flow whose idle timeout has passed. */
  #findLive(packets: PacketBatch, i: number, ports: number, nic: number, hash: number): number {
    const store = this.#store;
    const { table } = store;
    const kind = keyKind(nic, packets.family[i], packets.protocol[i] === protocolTcp);
    const found = table.find(hash, packets.source, packets.destination, 4 * i, ports, kind);
    if (found < 0) return found;
    const row = found >>> 1;
    const timeout = store.idleTimeoutMillis[nic];
    const lastSeen = table.lastSeen(row);
    const expiry = lastSeen + timeout;
    const now = packets.timeMillis[i];
    if (now < expiry) return found;
    if (store.isOpen(row)) {
      store.end(row, isClosed(store.flagsOf(row)) ? lastSeen : expiry);
      if ((kind & kindTcp) === 0) return -1;
    }
    const flags = store.flagsOf(row);
    if ((flags & flowEnded) !== 0 && now < rememberedUntil(flags, lastSeen, timeout)) return found;
    store.remove(row);
    return -1;
  }

  /**
   * Counts a packet at a NIC; opens a flow if there is none.
   * @returns whether the NIC denies it
   */
  #cross(
    packets: PacketBatch,
    i: number,
    ports: number,
    nic: number,
    hash: number,
    direction: number,
    found: number,
  ): boolean {
    const store = this.#store;
    let place = found;
    if (place < 0) {
      place = this.#open(packets, i, ports, nic, hash, direction, this.#initiator(packets, i));
    } else if (packets.protocol[i] === protocolTcp) {
      const row = place >>> 1;
      const flags = store.flagsOf(row);
      const opening = isOpening(packets.tcpFlags[i]);
      const ended = (flags & flowEnded) !== 0;
      if (ended || (opening && isClosed(flags) && (flags & flowDenied) === 0)) {
        if (!ended) store.end(row, store.table.lastSeen(row));
        store.remove(row);
        place = this.#open(packets, i, ports, nic, hash, direction, opening ? 0 : place & 1);
      }
    }
    return this.#count(packets, i, place);
  }

  #initiator(packets: PacketBatch, i: number): number {
    if (packets.protocol[i] !== protocolTcp) return 0;
    const initiator = tcpInitiator(packets.tcpFlags[i], packets.sourcePort[i], packets.destinationPort[i]);
    if (initiator === initiatorGuessedSource || initiator === initiatorGuessedDestination)
      this.#store.counts.initiatorsGuessed++;
    return initiator === initiatorIsDestination || initiator === initiatorGuessedDestination ? 1 : 0;
  }

  /**
   * Opens a flow.
   * @param reversed 1 if the packet's destination is its initiator
   * @returns `2 * row + reversed`
   */
  #open(
    packets: PacketBatch,
    i: number,
    ports: number,
    nic: number,
    hash: number,
    packetDirection: number,
    reversed: number,
  ): number {
    const store = this.#store;
    store.makeRoom(nic);
    const source = reversed === 0 ? packets.source : packets.destination;
    const destination = reversed === 0 ? packets.destination : packets.source;
    const flowPorts = reversed === 0 ? ports : ((ports << 16) | (ports >>> 16)) >>> 0;
    const direction = reversed === 0 ? packetDirection : 1 - packetDirection;
    const kind =
      keyKind(nic, packets.family[i], packets.protocol[i] === protocolTcp) |
      (direction === directionOutbound ? kindOutbound : 0);
    const time = packets.timeMillis[i];
    const row = store.insert(nic, hash, source, destination, 4 * i, flowPorts, kind >>> 0, time);
    const denied = this.#judge.judge(row);
    if (denied) store.counts.flowsDenied++;
    else store.counts.flowsAllowed++;
    store.emit(row, denied ? stateDenied : stateBegin, time);
    return 2 * row + reversed;
  }

  /**
   * Adds a packet to its flow.
   * @returns whether the flow is denied
   */
  #count(packets: PacketBatch, i: number, place: number): boolean {
    const store = this.#store;
    const { table, counts } = store;
    const row = place >>> 1;
    if (packets.timeMillis[i] > table.lastSeen(row)) table.setLastSeen(row, packets.timeMillis[i]);
    const flags = store.flagsOf(row);
    if ((flags & flowDenied) !== 0) {
      counts.observedDenied++;
      return true;
    }
    table.count(row, place & 1, packets.ipBytes[i]);
    counts.observedAllowed++;
    counts.bytesAllowed += packets.ipBytes[i];
    const tcpFlags = packets.tcpFlags[i];
    if ((tcpFlags & (tcpFin | tcpRst)) !== 0) store.addFlags(row, withTcpFlags(flags, tcpFlags, (place & 1) === 1));
    return false;
  }
}

/** Source << 16 | destination, unsigned. */
function portsOf(packets: PacketBatch, i: number): number {
  return ((packets.sourcePort[i] << 16) | packets.destinationPort[i]) >>> 0;
}
