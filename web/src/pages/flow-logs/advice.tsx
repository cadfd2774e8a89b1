import { CircleCheck, CircleHelp, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { useAdvice } from '../../api/flow-logs.ts';
import { Button } from '../../controls/button.tsx';
import { counted, exact } from '../../format/number.ts';
import { Panel } from '../../panels/panel.tsx';
import { Empty } from '../../panels/states.tsx';

const icons = { ok: CircleCheck, wrong: TriangleAlert, unknown: CircleHelp } as const;

/** What keeps flow logs from arriving, and how to mend it: the answers of `nsgflow doctor`. */
export function Advice(): ReactNode {
  const advice = useAdvice();
  const [isWhole, setWhole] = useState(false);
  const checks = [...(advice.data ?? [])].sort((left, right) => weight(left.state) - weight(right.state));
  const shown = isWhole ? checks : checks.filter(({ state }) => state !== 'ok');
  const right = checks.filter(({ state }) => state === 'ok').length;
  const wrong = checks.filter(({ state }) => state === 'wrong').length;
  return (
    <Panel
      title="Checks"
      note={advice.data === undefined ? '' : wrong === 0 ? 'nothing is wrong' : counted(wrong, 'fault')}
      answer={advice}
      actions={
        right > 0 && (
          <Button kind="quiet" onPress={() => setWhole(!isWhole)} aria-expanded={isWhole}>
            {isWhole ? 'Hide those that are right' : `Show ${exact(right)} that are right`}
          </Button>
        )
      }
    >
      {shown.length === 0 && checks.length > 0 ? null : checks.length === 0 ? (
        <Empty>{advice.data === undefined ? 'Checking.' : 'Nothing to check.'}</Empty>
      ) : (
        <ul className="checks">
          {shown.map(({ check, state, finding, flowLog, fix }) => {
            const Icon = icons[state];
            return (
              <li key={`${flowLog ?? ''} ${check} ${finding}`}>
                <Icon className={`icon icon-small check-${state}`} aria-label={state} />
                <span className="muted">{[flowLog, check].filter(Boolean).join(' · ')}</span>
                <span>
                  {finding}
                  {fix !== undefined && <strong> {fix}</strong>}
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Panel>
  );
}

function weight(state: keyof typeof icons): number {
  return state === 'wrong' ? 0 : state === 'unknown' ? 1 : 2;
}
