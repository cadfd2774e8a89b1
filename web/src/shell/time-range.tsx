import { ChevronLeft, ChevronRight, Clock } from 'lucide-react';
import type { ReactNode } from 'react';
import { useCallback, useState } from 'react';
import { Button as AriaButton, Dialog, DialogTrigger, Popover } from 'react-aria-components';
import { Button } from '../controls/button.tsx';
import { TextField } from '../controls/text-field.tsx';
import { fullTime, rangeName, rangeText } from '../format/time.ts';
import { presets, readRange, readTime, shiftRange, writeRange } from '../url/range.ts';
import { useParameters } from '../url/use-parameters.ts';
import type { KeyAction } from './keyboard.ts';
import { useKeyAction } from './keyboard.ts';
import { useLook } from './look.tsx';

/** The range of all pages: steps to both sides, presets, and two times. */
export function TimeRange(): ReactNode {
  const { values, change } = useParameters();
  const { range } = useLook();
  const [isOpen, setOpen] = useState(false);
  const onKey = useCallback((action: KeyAction) => action.kind === 'time' && setOpen(true), []);
  useKeyAction(onKey);
  const shift = (steps: number): void => change(writeRange(shiftRange(range, steps)));
  return (
    <div className="header-box time-box" role="group" aria-label="Time range">
      <button type="button" className="step-button" aria-label="The range before" onClick={() => shift(-1)}>
        <ChevronLeft className="icon" aria-hidden />
      </button>
      <DialogTrigger isOpen={isOpen} onOpenChange={setOpen}>
        <AriaButton className="time-button">
          <Clock className="icon" aria-hidden />
          <strong>{rangeName(values.from, values.to, range)}</strong>
          <span className="muted numbers">{rangeText(range)} UTC</span>
        </AriaButton>
        <Popover className="layer" placement="bottom">
          <Dialog className="range-dialog" aria-label="Time range">
            <RangeForm close={() => setOpen(false)} />
          </Dialog>
        </Popover>
      </DialogTrigger>
      <button
        type="button"
        className="step-button"
        aria-label="The range after"
        disabled={values.to === ''}
        onClick={() => shift(1)}
      >
        <ChevronRight className="icon" aria-hidden />
      </button>
    </div>
  );
}

function RangeForm({ close }: { readonly close: () => void }): ReactNode {
  const { values, change } = useParameters();
  const { range } = useLook();
  const written = writeRange(range);
  const [from, setFrom] = useState(values.to === '' ? values.from : written.from);
  const [to, setTo] = useState(values.to === '' ? '' : written.to);
  const now = Date.now();
  const error = (text: string): string | undefined =>
    text === '' || readTime(text, now) !== undefined
      ? undefined
      : 'Write -6h, 2026-11-20T09:00Z or 2026-11-20; times are UTC.';
  const isRight = readRange(from, to, now) !== undefined;
  const apply = (changes: { from: string; to: string }): void => {
    change(changes);
    close();
  };
  return (
    <>
      <ul className="range-presets">
        {presets.map((preset) => (
          <li key={preset.from}>
            <button
              type="button"
              className="menu-item"
              aria-pressed={values.to === '' && values.from === preset.from}
              onClick={() => apply({ from: preset.from, to: '' })}
            >
              {preset.label}
            </button>
          </li>
        ))}
      </ul>
      <form
        className="range-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isRight) apply({ from: from.trim(), to: to.trim() });
        }}
      >
        <TextField label="From, included" value={from} onChange={setFrom} error={error(from)} />
        <TextField label="To, excluded" value={to} onChange={setTo} error={error(to)} note="Empty: until now" />
        <Button kind="primary" type="submit" isDisabled={!isRight}>
          Show
        </Button>
        <p className="field-note" title={fullTime(range.from)}>
          All times are UTC.
        </p>
      </form>
    </>
  );
}
