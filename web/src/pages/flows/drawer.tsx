import { ChevronLeft, ChevronRight, Copy, ScanSearch, ShieldCheck, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { useLocation } from 'wouter';
import { useAsk } from '../../api/use-ask.ts';
import { Button } from '../../controls/button.tsx';
import { bytes, exact } from '../../format/number.ts';
import { dayAndClock, duration } from '../../format/time.ts';
import { Empty, ErrorNote } from '../../panels/states.tsx';
import { useLook } from '../../shell/look.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { AccessTag } from '../../values/access.tsx';
import { andTerm, term } from '../../values/terms.ts';
import { NotCounted, shownValue, Value } from '../../values/value.tsx';
import type { FlowRow } from './row.ts';
import { flowRows, joinTuples, readFlowKey, tupleText } from './row.ts';
import { Timeline } from './timeline.tsx';

export interface FlowDrawerProps {
  readonly selected: string;
  readonly rows: readonly FlowRow[];
  readonly select: (key: string) => void;
}

const tuplesMax = 500;
const dayMillis = 86_400_000;

/** One conversation: its ends, its tuples over time by observer, what decided it, and how it is logged. */
export function FlowDrawer({ selected, rows, select }: FlowDrawerProps): ReactNode {
  const { range } = useLook();
  const key = useMemo(() => readFlowKey(selected), [selected]);
  const at = rows.findIndex((row) => row.key === selected);
  const own = rows[at];
  const from = own?.time ?? key?.time ?? range.from;
  const to = Math.min((own?.lastTime ?? Math.max(range.to, from)) + 1000, from + dayMillis);
  const answer = useAsk(
    { ask: 'tuples', origin: true, limit: tuplesMax },
    { filter: key?.filter ?? '', range: { from, to: Math.max(to, from + 1000) }, enabled: key !== undefined },
  );
  const tuples = useMemo(() => (answer.data === undefined ? [] : flowRows(answer.data)), [answer.data]);
  const head = own ?? joinTuples(tuples);
  return (
    <aside className="panel flow-drawer" aria-label="Conversation">
      <div className="panel-head">
        {head !== undefined && <AccessTag access={accessOf(tuples, head)} />}
        <span className="muted small">{head === undefined ? '' : `${head.protocol} · ${head.state}`}</span>
        <span className="spread" />
        <Button kind="icon" aria-label="Row before" isDisabled={at <= 0} onPress={() => select(rows[at - 1].key)}>
          <ChevronLeft className="icon" aria-hidden />
        </Button>
        <Button
          kind="icon"
          aria-label="Next row"
          isDisabled={at < 0 || at + 1 >= rows.length}
          onPress={() => select(rows[at + 1].key)}
        >
          <ChevronRight className="icon" aria-hidden />
        </Button>
        <Button
          kind="icon"
          aria-label="Copy the filter"
          onPress={() => void navigator.clipboard.writeText(key?.filter ?? '')}
        >
          <Copy className="icon" aria-hidden />
        </Button>
        <Button kind="icon" aria-label="Close" onPress={() => select('')}>
          <X className="icon" aria-hidden />
        </Button>
      </div>
      <div className="table-scroll" tabIndex={0} role="group" aria-label="Details">
        {answer.isError && <ErrorNote error={answer.error} />}
        {key === undefined && <Empty>The address names no conversation.</Empty>}
        {head !== undefined && <Ends row={head} />}
        {head !== undefined && <Sums row={head} tuples={tuples} />}
        {tuples.length > 0 && <Timeline tuples={tuples} />}
        {tuples.length > 0 && <Decisions tuples={tuples} />}
        {tuples.length > 0 && <AsLogged tuples={tuples} />}
        {answer.data !== undefined && tuples.length === 0 && <Empty>No tuple of it is in this range.</Empty>}
      </div>
      {head !== undefined && <Foot row={head} />}
    </aside>
  );
}

/** Observers may disagree: one NSG allows what another denies. */
function accessOf(tuples: readonly FlowRow[], row: FlowRow): FlowRow['access'] | 'mixed' {
  const seen = new Set(tuples.map(({ access }) => access));
  return seen.has('allow') && seen.has('deny') ? 'mixed' : row.access;
}

function Ends({ row }: { readonly row: FlowRow }): ReactNode {
  return (
    <section className="drawer-section flow-ends" aria-label="Ends">
      <End address={row.source} port={row.sourcePort} side="src" />
      <span className="muted" aria-label="to">
        →
      </span>
      <End address={row.destination} port={row.destinationPort} side="dst" />
    </section>
  );
}

function End({
  address,
  port,
  side,
}: {
  readonly address: string;
  readonly port: number | null;
  readonly side: 'src' | 'dst';
}): ReactNode {
  return (
    <strong className="flow-end">
      <Value field={side} value={address}>
        {port !== null && address.includes(':') ? `[${address}]` : address}
      </Value>
      {port !== null && (
        <>
          :
          <Value field={`${side}.port`} value={port} />
        </>
      )}
    </strong>
  );
}

function Sums({ row, tuples }: { readonly row: FlowRow; readonly tuples: readonly FlowRow[] }): ReactNode {
  const last = row.lastTime ?? tuples.at(-1)?.time ?? row.time;
  const counter = (value: number | undefined, text: (value: number) => string): ReactNode =>
    value === undefined ? <NotCounted /> : text(value);
  return (
    <section className="drawer-section" aria-label="Sums">
      <dl className="flow-sums numbers">
        <div>
          <dt>Begin</dt>
          <dd>{dayAndClock(row.time, true)}</dd>
        </div>
        <div>
          <dt>Duration</dt>
          <dd>{last === row.time ? 'one moment' : duration(last - row.time)}</dd>
        </div>
        <div>
          <dt>Sent</dt>
          <dd>{counter(row.bytesSent, bytes)}</dd>
        </div>
        <div>
          <dt>Received</dt>
          <dd>{counter(row.bytesReceived, bytes)}</dd>
        </div>
        <div>
          <dt>Packets</dt>
          <dd>{counter(row.packets, exact)}</dd>
        </div>
      </dl>
    </section>
  );
}

/** The rule of each observer. */
function Decisions({ tuples }: { readonly tuples: readonly FlowRow[] }): ReactNode {
  const rules = [
    ...new Map(tuples.map((row) => [[row.nsg, row.mac, row.direction, row.rule, row.access].join(), row])).values(),
  ];
  return (
    <section className="drawer-section" aria-label="Decided by">
      <h3>Decided by</h3>
      <ul className="flow-decisions">
        {rules.map((row) => (
          <li key={[row.nsg, row.mac, row.direction, row.rule, row.access].join()}>
            <Value field="nsg" value={row.nsg} />
            <span className="muted">{row.direction}</span>
            <Value field="rule" value={row.rule}>
              <AccessTag access={row.access} word={shownValue('rule', row.rule)} />
            </Value>
          </li>
        ))}
      </ul>
    </section>
  );
}

function AsLogged({ tuples }: { readonly tuples: readonly FlowRow[] }): ReactNode {
  const shown = tuples.slice(-4);
  return (
    <section className="drawer-section" aria-label="As logged">
      <h3>
        As logged{' '}
        <span className="muted">
          {shown.length < tuples.length ? `the last ${exact(shown.length)} of ${exact(tuples.length)} tuples` : ''}
        </span>
      </h3>
      {shown.map((row, i) => (
        <div key={`${row.key} ${i}`}>
          <p className="raw">{tupleText(row)}</p>
          {row.blob !== undefined && (
            <p className="small muted flow-blob" title={row.blob}>
              {shownBlob(row.blob)}
              {row.recordOffset !== undefined && `, record at byte ${exact(row.recordOffset)}`}
            </p>
          )}
        </div>
      ))}
    </section>
  );
}

/** `NSG-DATA · h=14 · 000D3A50AB13` */
function shownBlob(blob: string): string {
  const [, target] = /\/([^/]+)\/y=\d+/.exec(blob) ?? [];
  const [, hour] = /\/h=(\d+)/.exec(blob) ?? [];
  const [, mac] = /macAddress=([^/]+)/.exec(blob) ?? [];
  const parts = [target, hour === undefined ? undefined : `h=${hour}`, mac].filter((part) => part !== undefined);
  return parts.length === 0 ? blob : parts.join(' · ');
}

function Foot({ row }: { readonly row: FlowRow }): ReactNode {
  const { values, change, addressOf } = useParameters();
  const [, navigate] = useLocation();
  const like = (): void => {
    const port = row.destinationPort === null ? '' : term('dst.port', row.destinationPort);
    const text = [term('dst', row.destination), port, term('protocol', row.protocol)]
      .filter((part) => part !== '')
      .reduce((filter, part) => andTerm(filter, part), '');
    change({ q: text, lang: 'filter', sel: '' });
  };
  return (
    <div className="panel-foot">
      <Button kind="primary" onPress={like}>
        <ScanSearch className="icon icon-small" aria-hidden />
        Flows like this
      </Button>
      {row.rule !== null && row.nsg !== null && (
        <Button
          onPress={() =>
            navigate(
              addressOf(`/rules/${encodeURIComponent(row.nsg!)}`, { q: values.q, rule: shownValue('rule', row.rule) }),
            )
          }
        >
          <ShieldCheck className="icon icon-small" aria-hidden />
          Open rule
        </Button>
      )}
    </div>
  );
}
