import type { ReactNode } from 'react';
import { Dialog, Heading } from 'react-aria-components';
import { pages } from './pages.ts';

const actions: readonly (readonly [string, string])[] = [
  ['/', 'Filter'],
  ['t', 'Time range'],
  ['Ctrl K', 'Go to a page, an address or a rule'],
  ['?', 'This list'],
  ['[  ]', 'Range before, range after'],
  ['-', 'Twice the range'],
  ['0', 'Range ends now'],
  ['p', 'Pause'],
  ['r', 'Reload'],
  ['b', 'Compare with before'],
  ['1 … 9', 'Kind of chart'],
  ['j  k', 'Next row, row before'],
  ['Shift Enter', 'On a value: only this'],
  ['Alt Enter', 'On a value: not this'],
  ['Shift ← →', 'On a chart: select a range'],
  ['Alt ←', 'Undo the last change'],
  ['F6', 'Next panel'],
  ['Esc', 'Close'],
];

export function Shortcuts(): ReactNode {
  return (
    <Dialog className="dialog">
      <Heading slot="title">Shortcuts</Heading>
      <dl className="pairs">
        {actions.map(([keys, meaning]) => (
          <Pair key={keys} keys={keys} meaning={meaning} />
        ))}
        {pages.map(({ key, name }) => (
          <Pair key={key} keys={`g  ${key}`} meaning={name} />
        ))}
      </dl>
      <p className="small muted">Single keys do nothing while you type. Settings can switch them off.</p>
    </Dialog>
  );
}

function Pair({ keys, meaning }: { readonly keys: string; readonly meaning: string }): ReactNode {
  return (
    <>
      <dt>
        <kbd className="keys">{keys}</kbd>
      </dt>
      <dd>{meaning}</dd>
    </>
  );
}
