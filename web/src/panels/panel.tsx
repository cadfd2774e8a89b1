import type { UseQueryResult } from '@tanstack/react-query';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useEffect, useId, useState } from 'react';
import { Button } from '../controls/button.tsx';
import { ErrorNote } from './states.tsx';

export interface PanelProps {
  readonly title: string;
  readonly note?: ReactNode;
  /** Controls at the right of the head. */
  readonly actions?: ReactNode;
  readonly foot?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
  /** What the panel shows: while another answer comes, the old one is dimmed; an error stands above it. */
  readonly answer?: Pick<UseQueryResult, 'isFetching' | 'isPlaceholderData' | 'isError' | 'error' | 'data' | 'refetch'>;
}

const dimMillis = 150;
const cancelMillis = 1000;

export function Panel({ title, note, actions, foot, className = '', children, answer }: PanelProps): ReactNode {
  const headId = useId();
  const isWaiting =
    answer !== undefined && answer.isFetching && (answer.isPlaceholderData || answer.data === undefined);
  const isOld = useDelayed(isWaiting, dimMillis);
  const isLong = useDelayed(isWaiting, cancelMillis);
  const client = useQueryClient();
  return (
    <section
      className={`panel ${className}`}
      aria-labelledby={headId}
      aria-busy={isWaiting}
      data-old={isOld}
      tabIndex={-1}
    >
      <div className="panel-head">
        <h2 id={headId}>{title}</h2>
        {note !== undefined && <span className="small muted">{note}</span>}
        <span className="spread" />
        {actions}
      </div>
      {isOld && <div className="panel-progress" role="progressbar" aria-label={`${title} is loading`} />}
      {isLong && (
        <div className="panel-cancel">
          <Button onPress={() => void client.cancelQueries({ queryKey: ['ask'] })}>Cancel</Button>
        </div>
      )}
      {answer?.isError === true && (
        <div className="panel-error">
          <ErrorNote error={answer.error} retry={() => void answer.refetch()} />
        </div>
      )}
      <div className="panel-body">{children}</div>
      {foot !== undefined && <div className="panel-foot">{foot}</div>}
    </section>
  );
}

/** True once `isOn` has been so for a while: what is quick does not flicker. */
function useDelayed(isOn: boolean, millis: number): boolean {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isOn) {
      setLate(false);
      return undefined;
    }
    const timer = setTimeout(() => setLate(true), millis);
    return () => clearTimeout(timer);
  }, [isOn, millis]);
  return isOn && isLate;
}
