import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';
import {
  FieldError,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Select as AriaSelect,
  SelectValue,
  Button,
  Text,
} from 'react-aria-components';

export interface Choice {
  readonly id: string;
  readonly label: string;
  readonly detail?: string;
}

export interface SelectProps {
  readonly label: string;
  /** Above the control; else the label is for readers of screens only. */
  readonly isLabelShown?: boolean;
  readonly value: string;
  readonly onChange: (id: string) => void;
  readonly choices: readonly Choice[];
  readonly note?: string;
  readonly error?: string | undefined;
  readonly isDisabled?: boolean;
}

export function Select(props: SelectProps): ReactNode {
  const { label, isLabelShown = true, value, onChange, choices, note, error, isDisabled = false } = props;
  return (
    <AriaSelect
      className="field"
      selectedKey={value === '' ? null : value}
      onSelectionChange={(key) => key !== null && onChange(String(key))}
      isInvalid={error !== undefined}
      isDisabled={isDisabled}
      {...(isLabelShown ? {} : { 'aria-label': label })}
    >
      {isLabelShown && <Label>{label}</Label>}
      <Button className="input">
        <SelectValue>{({ selectedText }) => selectedText || 'Choose'}</SelectValue>
        <ChevronDown className="icon icon-small" aria-hidden />
      </Button>
      {note !== undefined && (
        <Text slot="description" className="field-note">
          {note}
        </Text>
      )}
      <FieldError className="field-error">{error}</FieldError>
      <Popover className="layer">
        <ListBox className="menu" items={choices}>
          {({ id, label: text, detail }) => (
            <ListBoxItem id={id} className="menu-item" textValue={text}>
              <span>{text}</span>
              {detail !== undefined && <span className="small muted">{detail}</span>}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
