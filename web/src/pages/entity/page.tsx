import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useParams } from 'wouter';
import { requestJson } from '../../api/client.ts';
import { cellsOf } from '../../api/ask.ts';
import { useAsk } from '../../api/use-ask.ts';
import { bytes, exact, numberOf, percent } from '../../format/number.ts';
import { dayAndClock } from '../../format/time.ts';
import { Histogram } from '../../panels/histogram.tsx';
import { Empty } from '../../panels/states.tsx';
import { LookFilter, useLook } from '../../shell/look.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import { entityKinds, sideField } from '../../values/entities.ts';
import { shownValue } from '../../values/value.tsx';
import { andTerm, term } from '../../values/terms.ts';
import { TopTable } from '../../panels/top-table.tsx';
import './entity.css';

const flows = { title: 'Flows', measure: { kind: 'flows' }, column: 'flows' } as const;
const denied = { title: 'Denied', measure: { kind: 'denied' }, column: 'denied' } as const;
const sum = { title: 'Bytes', measure: { kind: 'sum', of: 'bytes' }, column: 'bytes', isBytes: true } as const;

/** One address, NIC, NSG, rule, port, country or tag: what it is, and whom it talks to. */
export function EntityPage(): ReactNode {
  const { kind, name: written } = useParams<{ kind: string; name: string }>();
  const { filter } = useLook();
  const name = decodeURIComponent(written);
  const entity = entityKinds.find((one) => one.kind === kind);
  if (entity === undefined) return <Empty>There is no page of this kind: {kind}.</Empty>;
  const own = andTerm(filter, term(entity.field, name));
  const [inbound, outbound] = (['dst', 'src'] as const).map((side) => term(sideField(entity, side), name));
  return (
    <LookFilter filter={own}>
      <PageHead
        title={shownValue(entity.field, name)}
        sentence={`${entity.title}: what it is, and whom it talks to.`}
      />
      <Facts kind={kind} name={name} />
      <div className="columns entity-time">
        {entity.hasSides ? (
          <>
            <Histogram title="In" className="span-6" filter={andTerm(filter, inbound)} />
            <Histogram title="Out" className="span-6" filter={andTerm(filter, outbound)} />
          </>
        ) : (
          <Histogram title="Flows over time" className="span-12" filter={own} />
        )}
      </div>
      <div className="columns">
        <TopTable
          title="Comes from"
          note={entity.hasSides ? 'to it' : 'sources'}
          field="src.ip"
          filter={entity.hasSides ? inbound : ''}
          columns={[flows, sum]}
          empty="Nothing comes in."
        />
        <TopTable
          title="Goes to"
          note={entity.hasSides ? 'from it' : 'destinations'}
          field="dst.ip"
          filter={entity.hasSides ? outbound : ''}
          columns={[flows, sum]}
          empty="Nothing goes out."
        />
        <TopTable
          title="Ports"
          note="of destinations"
          field="dst.port"
          columns={[flows, denied]}
          empty="No flow has a port."
        />
        <TopTable title="Rules" note="that decided" field="rule" columns={[flows, denied]} empty="No rule decided." />
      </div>
    </LookFilter>
  );
}

interface FactsProps {
  readonly kind: string;
  readonly name: string;
}

/** What is known of it, and the sums of the range. */
function Facts({ kind, name }: FactsProps): ReactNode {
  const { data: facts } = useQuery({
    queryKey: ['entity', kind, name],
    queryFn: ({ signal }) =>
      requestJson<Readonly<Record<string, unknown>>>(`entities?${new URLSearchParams({ kind, name }).toString()}`, {
        signal,
      }),
    staleTime: Infinity,
  });
  const { data: total } = useAsk({
    ask: 'groups',
    axes: [],
    measures: [
      { kind: 'flows' },
      { kind: 'denied' },
      { kind: 'sum', of: 'bytes' },
      { kind: 'first' },
      { kind: 'last' },
    ],
  });
  const [all, no, size] = ['flows', 'denied', 'bytes'].map((column) =>
    total === undefined ? undefined : numberOf(cellsOf(total, column)[0]),
  );
  const time = (column: string): string => {
    const cell = total === undefined ? null : cellsOf(total, column)[0];
    return typeof cell === 'string' ? dayAndClock(Date.parse(cell), true) : '—';
  };
  const known = Object.entries(facts ?? {}).filter(
    ([, value]) => typeof value === 'string' || typeof value === 'number' || Array.isArray(value),
  );
  return (
    <div className="figures" role="group" aria-label="Facts">
      <Fact
        name="Flows"
        value={all === undefined ? '—' : exact(all)}
        note={all === undefined || no === undefined || all === 0 ? '' : `${percent(no / all)} denied`}
      />
      <Fact name="Bytes" value={size === undefined ? '—' : bytes(size)} note="both directions" />
      <Fact name="First seen" value={time('first_time')} note="in this range" />
      <Fact name="Last seen" value={time('last_time')} note="in this range" />
      {known.length > 0 && (
        <div className="figure entity-facts">
          <dl className="pairs small">
            {known.map(([fact, value]) => (
              <FactPair key={fact} name={fact} value={Array.isArray(value) ? value.join(', ') : String(value)} />
            ))}
          </dl>
        </div>
      )}
    </div>
  );
}

function FactPair({ name, value }: { readonly name: string; readonly value: string }): ReactNode {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </>
  );
}

function Fact({
  name,
  value,
  note,
}: {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}): ReactNode {
  return (
    <div className="figure">
      <span className="figure-name">{name}</span>
      <span className="figure-value entity-value numbers">{value}</span>
      <span className="figure-note">{note}</span>
    </div>
  );
}
