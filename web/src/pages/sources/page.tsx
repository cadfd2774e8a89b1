import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { ApiError } from '../../api/client.ts';
import { useOpenSession } from '../../api/session.ts';
import { useLake } from '../../api/lake.ts';
import type { Sources } from '../../api/sources.ts';
import { useCalendar, useSources } from '../../api/sources.ts';
import { Segmented } from '../../controls/segmented.tsx';
import { bytes, carefulPercent, exact } from '../../format/number.ts';
import { age, dayAndClock } from '../../format/time.ts';
import { ErrorNote, NeedsService } from '../../panels/states.tsx';
import { PageHead } from '../../shell/page-head.tsx';
import { useLook } from '../../shell/look.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { CalendarPanel } from './calendar.tsx';
import { Counters } from './counters.tsx';
import { HourPanel } from './hour.tsx';
import { SourceList } from './source-list.tsx';
import './sources.css';

const hourMillis = 3_600_000;

/** `sel` is the name of a log and an hour: `nsg-data 2026-11-20T10:00Z`. */
export function SourcesPage(): ReactNode {
  const { values, change } = useParameters();
  const { range } = useLook();
  const session = useOpenSession();
  const sources = useSources();
  const days = values.days === '7' ? 7 : values.days === '3' ? 3 : 1;
  const to = Math.ceil(range.to / hourMillis) * hourMillis;
  const from = to - days * 24 * hourMillis;
  const calendar = useCalendar(from, to);
  const selected = useMemo(() => {
    const [name, hour] = splitLast(values.sel);
    const log = calendar.data?.logs.find((one) => one.name === name);
    const at = calendar.data?.hours.indexOf(Date.parse(hour)) ?? -1;
    return log === undefined || at < 0
      ? undefined
      : { log, hour: calendar.data!.hours[at], cell: log.cells[at] ?? null };
  }, [calendar.data, values.sel]);
  const isAbsent = !session.service && sources.error instanceof ApiError && sources.error.status === 404;
  if (isAbsent)
    return (
      <>
        <PageHead title="Sources" sentence="Is anything missing, and why?" />
        <Figures sources={undefined} />
        <NeedsService what="Sources" />
      </>
    );
  return (
    <>
      <PageHead title="Sources" sentence="Is anything missing, and why?">
        <Segmented
          label="Days of the calendar"
          value={String(days) as '1' | '3' | '7'}
          onChange={(next) => change({ days: next })}
          options={[
            { id: '1', label: 'A day' },
            { id: '3', label: '3 days' },
            { id: '7', label: '7 days' },
          ]}
        />
      </PageHead>
      {sources.isError && <ErrorNote error={sources.error} retry={() => void sources.refetch()} />}
      <Figures sources={sources.data} />
      <div className={selected === undefined ? 'sources-middle' : 'sources-middle sources-open'}>
        <CalendarPanel calendar={calendar} selected={values.sel} select={(sel) => change({ sel })} />
        {selected !== undefined && <HourPanel {...selected} close={() => change({ sel: '' })} />}
      </div>
      <div className="columns">
        <SourceList sources={sources} />
        <Counters sources={sources} />
      </div>
    </>
  );
}

function Figures({ sources }: { readonly sources: Sources | undefined }): ReactNode {
  const { data: lake } = useLake();
  const lag = sources?.lagSeconds ?? lake?.lagSeconds;
  const complete = sources?.complete ?? lake?.complete;
  return (
    <div className="figures" role="group" aria-label="Sums">
      <Figure
        name="Behind"
        value={lag === undefined ? '—' : age(lag)}
        note={lake?.last === undefined ? 'no tuple yet' : `last tuple ${dayAndClock(Date.parse(lake.last), true)}`}
      />
      <Figure
        name="Complete"
        value={complete === undefined ? '—' : carefulPercent(complete)}
        note={complete === undefined ? 'not known' : complete >= 1 ? 'no minute is missing' : 'see the calendar'}
      />
      <Figure
        name="Rejected"
        value={sources === undefined ? '—' : exact(sources.rejected)}
        note="ranges of blobs that could not be read"
      />
      <Figure
        name="Spooled"
        value={sources?.spooledBlocks === undefined ? '—' : exact(sources.spooledBlocks)}
        note={sources?.spooledBlocks === undefined ? 'no recorder runs here' : 'blocks that wait for storage'}
      />
      <Figure
        name="Tuples"
        value={lake === undefined ? '—' : exact(lake.tuples.rows)}
        note={lake === undefined ? '' : `${bytes(lake.tuples.bytes)} in ${exact(lake.tuples.files)} files`}
      />
      <Figure
        name="Data"
        value={lake?.first === undefined ? '—' : `since ${dayAndClock(Date.parse(lake.first))}`}
        note={
          sources?.retentionDays === undefined ? 'kept without end' : `kept for ${exact(sources.retentionDays)} days`
        }
      />
    </div>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note: string;
}

function Figure({ name, value, note }: FigureProps): ReactNode {
  const [, number, unit = ''] = /^([\d.,<]+)\s*(.*)$/.exec(value) ?? [undefined, value];
  return (
    <div className="figure">
      <span className="figure-name">{name}</span>
      <span className={value.length > 12 ? 'figure-value figure-long numbers' : 'figure-value numbers'}>
        {number} {unit !== '' && <small>{unit}</small>}
      </span>
      <span className="figure-note">{note}</span>
    </div>
  );
}

function splitLast(text: string): [string, string] {
  const at = text.lastIndexOf(' ');
  return [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
}
