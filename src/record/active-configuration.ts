/** The configuration of a recording that is in force, and the change to the next one. */
import { resourceKey } from '../arm-template/resource-id.ts';
import { minuteMillis } from '../base/time.ts';
import type { FlowMeter } from '../flow/observe.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import { compileNetwork } from '../nsg/compile.ts';
import type { Network, Nic, Nsg } from '../nsg/network.ts';
import type { TranslationRules } from '../nsg/translate.ts';
import { Translator } from '../nsg/translate.ts';
import type { Quirks } from './quirks.ts';
import type { RecordingPlan } from './recording-plan.ts';
import { planRecording } from './recording-plan.ts';
import type { FlowLogSettings, RecordingConfiguration } from './recording-settings.ts';

/** Idle timeout if neither the VNet nor the user sets one. Source: facts 1.6. */
const flowTimeoutMinutesDefault = 4;

export class ActiveConfiguration {
  compiled: CompiledNetwork;
  plan: RecordingPlan;
  #network: Network;
  /** Between public addresses of packets and the addresses of NICs. */
  readonly translator: Translator;
  readonly #quirks: Quirks;
  readonly #formats: readonly FlowLogFormat[];
  readonly #flowTimeoutMinutes: number | undefined;

  /**
   * @param formats are counted in `uncounted`
   * @param flowTimeoutMinutes replaces that of the VNets
   * @throws filter-syntax
   */
  constructor(
    first: RecordingConfiguration,
    quirks: Quirks,
    formats: readonly FlowLogFormat[],
    flowTimeoutMinutes: number | undefined,
  ) {
    this.#quirks = quirks;
    this.#formats = formats;
    this.#flowTimeoutMinutes = flowTimeoutMinutes;
    this.#network = first.network;
    this.compiled = compileNetwork(first.network);
    this.plan = planRecording(first, this.compiled.decisions, quirks, formats);
    this.translator = new Translator(this.#translation());
  }

  /** By NIC. */
  idleTimeoutMillis(): Float64Array {
    return Float64Array.from(
      this.#network.nics,
      (nic) =>
        (this.#flowTimeoutMinutes ?? nic.subnet?.virtualNetwork.flowTimeoutMinutes ?? flowTimeoutMinutesDefault) *
        minuteMillis,
    );
  }

  /**
   * Sets the flow logs for the next flushes; the network stays.
   * @throws filter-syntax, without a change
   */
  changeFlowLogs(flowLogs: readonly FlowLogSettings[]): void {
    const next = { network: this.#network, flowLogs };
    this.plan = planRecording(next, this.compiled.decisions, this.#quirks, this.#formats);
  }

  #translation(): TranslationRules {
    const { translations } = this.#network;
    return { translations, isBalanced: this.#quirks.loadBalancing === 'hash', nics: this.compiled };
  }

  /**
   * Changes to another configuration between two minutes, after earlier events were flushed. Flows of removed NICs end.
   * Other flows keep their decision, unless their NSG requires a new one (`flushConnection`).
   * @throws filter-syntax, without a change
   */
  change(next: RecordingConfiguration, meter: FlowMeter, flush: () => void): void {
    if (next.network === this.#network) return this.changeFlowLogs(next.flowLogs);
    const compiled = compileNetwork(next.network, this.compiled, meter.decisionsInUse());
    const plan = planRecording(next, compiled.decisions, this.#quirks, this.#formats);
    const before = new Map(this.#network.nics.map((nic, index) => [resourceKey(nic.id), index]));
    const previousNic = Int32Array.from(next.network.nics, (nic) => before.get(resourceKey(nic.id)) ?? -1);
    const stays = new Set(previousNic);
    while (!meter.endNics((nic) => !stays.has(nic))) flush();
    flush();
    const changed = changedNsgs(this.#network, next.network);
    const flushed = next.network.nics.map((nic) => nsgsOf(nic).some((nsg) => nsg.flushConnection && changed.has(nsg)));
    this.#network = next.network;
    this.compiled = compiled;
    this.plan = plan;
    this.translator.change(this.#translation());
    const change = { previousNic, flushed: (nic: number) => flushed[nic], idleTimeoutMillis: this.idleTimeoutMillis() };
    while (!meter.changeNetwork(compiled, change)) flush();
    flush();
  }
}

function nsgsOf(nic: Nic): Nsg[] {
  return [nic.subnet?.nsg, nic.nsg].filter((nsg) => nsg !== undefined);
}

/** NSGs of `after` that are new or have different rules. */
function changedNsgs(before: Network, after: Network): Set<Nsg> {
  const known = new Map(before.nsgs.map((nsg) => [resourceKey(nsg.id), rulesText(nsg)]));
  return new Set(after.nsgs.filter((nsg) => known.get(resourceKey(nsg.id)) !== rulesText(nsg)));
}

function rulesText({ inboundRules, outboundRules }: Nsg): string {
  return JSON.stringify([inboundRules, outboundRules]);
}
