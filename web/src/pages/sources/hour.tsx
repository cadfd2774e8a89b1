import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { CalendarCell, CalendarLog } from '../../api/sources.ts';
import { Button } from '../../controls/button.tsx';
import { dayAndClock } from '../../format/time.ts';
import { writeRange } from '../../url/range.ts';
import { useParameters } from '../../url/use-parameters.ts';
import { sentenceOf } from './calendar.tsx';

export interface HourPanelProps {
  readonly log: CalendarLog;
  readonly hour: number;
  readonly cell: CalendarCell | null;
  readonly close: () => void;
}

const minutes = Array.from({ length: 60 }, (_, i) => i);

/** The minutes of one hour of one log, and why some are missing. */
export function HourPanel({ log, hour, cell, close }: HourPanelProps): ReactNode {
  const { addressOf } = useParameters();
  const missing = new Set(cell?.minutes);
  return (
    <section className="panel" aria-label="The selected hour">
      <div className="panel-head">
        <h2>
          <bdi>{log.name}</bdi>
        </h2>
        <span className="small muted">{dayAndClock(hour)} UTC</span>
        <span className="spread" />
        <Button kind="icon" aria-label="Close" onPress={close}>
          <X className="icon" aria-hidden />
        </Button>
      </div>
      <div className="drawer-section">
        <p>{capital(sentenceOf(cell))}.</p>
        {cell !== null && missing.size > 0 && (
          <div className="minutes" role="img" aria-label={`Missing minutes: ${[...missing].join(', ')}`}>
            {minutes.map((minute) => (
              <span
                key={minute}
                className={missing.has(minute) ? 'cell-missing' : 'cell-present'}
                title={`Minute ${minute}`}
              />
            ))}
          </div>
        )}
        <p>
          <Link
            href={addressOf('/flows', {
              ...writeRange({ from: hour, to: hour + 3_600_000 }),
              q: log.nsg === undefined ? '' : `nsg = ${log.nsg}`,
            })}
          >
            Flows of this hour
          </Link>
        </p>
      </div>
    </section>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
