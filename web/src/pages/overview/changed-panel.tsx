import { ShieldCheck, Sparkles, TrendingUp } from 'lucide-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { exact } from '../../format/number.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty, ErrorNote } from '../../panels/states.tsx';
import { useLook } from '../../shell/look.tsx';
import { useParameters } from '../../url/use-parameters.ts';
import { andTerm } from '../../values/terms.ts';
import { newDays, quietDays } from './changed.ts';
import { useChanged } from './use-changed.ts';

const icons = { new: Sparkles, woke: ShieldCheck, unusual: TrendingUp } as const;
const shownMax = 8;

/** Sentences, each with the filter that shows its flows. */
export function ChangedPanel(): ReactNode {
  const { changes, isWaiting, error, daysBefore } = useChanged();
  const { filter } = useLook();
  const { addressOf } = useParameters();
  const isLearning = daysBefore < newDays;
  return (
    <Panel
      title="What changed"
      className="span-4 changed-panel"
      note={
        changes.length === 0
          ? ''
          : `${exact(Math.min(shownMax, changes.length))} of ${exact(changes.length)}, most unusual first`
      }
    >
      {error !== undefined && <ErrorNote error={error} />}
      {changes.length > 0 ? (
        <ul className="changes">
          {changes.slice(0, shownMax).map(({ kind, subject, sentence, filter: own }) => {
            const Icon = icons[kind];
            return (
              <li key={`${kind} ${own} ${sentence}`}>
                <Icon className="icon muted" aria-hidden />
                <Link href={addressOf('/flows', { q: andTerm(filter, own), lang: 'filter' })}>
                  <span>
                    <strong>
                      <bdi>{subject}</bdi>
                    </strong>{' '}
                    {sentence}
                  </span>
                  <span className="mono small muted">{own}</span>
                </Link>
              </li>
            );
          })}
        </ul>
      ) : isWaiting ? null : isLearning ? (
        <Empty>
          <p>
            Learning: the lake has {exact(Math.floor(daysBefore))} days before this range. {newDays} are needed to tell
            what is new or unusual, {quietDays} to tell which rule woke up.
          </p>
        </Empty>
      ) : (
        <Empty>Nothing is new or unusual in this range.</Empty>
      )}
    </Panel>
  );
}
