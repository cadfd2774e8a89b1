import { CircleCheck, CircleDashed, Hourglass, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { FlowLog } from '../../api/flow-logs.ts';
import { exact } from '../../format/number.ts';

const shown = {
  delivering: { word: 'Delivering', icon: CircleCheck, tone: 'muted' },
  spooling: { word: 'Spooling', icon: Hourglass, tone: 'warning' },
  off: { word: 'Off', icon: CircleDashed, tone: 'muted' },
  error: { word: 'Error', icon: TriangleAlert, tone: 'warning' },
} as const;

/** Sign and word; the reason is in the drawer. */
export function StateTag({ log: { state, spooledBlocks = 0 } }: { readonly log: FlowLog }): ReactNode {
  const { word, icon: Icon, tone } = shown[state];
  return (
    <span className={`state state-${tone}`}>
      <Icon className="icon icon-small" aria-hidden />
      {word}
      {spooledBlocks > 0 && <span className="numbers"> {exact(spooledBlocks)}</span>}
    </span>
  );
}
