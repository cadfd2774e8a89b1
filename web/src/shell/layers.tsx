/** What opens above a page: the palette, the shortcuts, the settings, the menu of narrow windows. */
import type { ReactNode } from 'react';
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { Button } from '../controls/button.tsx';
import { Segmented } from '../controls/segmented.tsx';
import { Toggle } from '../controls/toggle.tsx';
import { Palette } from './palette.tsx';
import { changePreferences, usePreferences } from './preferences.ts';
import { PageLinks } from './rail.tsx';
import { Shortcuts } from './shortcuts.tsx';

export type Layer = 'palette' | 'shortcuts' | 'settings' | 'menu';

export interface LayersProps {
  readonly layer: Layer | undefined;
  readonly close: () => void;
}

export function Layers({ layer, close }: LayersProps): ReactNode {
  return (
    <ModalOverlay
      className="modal-shade layer-shade"
      isOpen={layer !== undefined}
      onOpenChange={(isOpen) => !isOpen && close()}
      isDismissable
    >
      <Modal className="modal layer">
        {layer === 'palette' && <Palette close={close} />}
        {layer === 'shortcuts' && <Shortcuts />}
        {layer === 'settings' && <SettingsDialog close={close} />}
        {layer === 'menu' && (
          <Dialog className="dialog" aria-label="Pages">
            <PageLinks onFollow={close} />
          </Dialog>
        )}
      </Modal>
    </ModalOverlay>
  );
}

function SettingsDialog({ close }: { readonly close: () => void }): ReactNode {
  const { theme, density, singleKeys } = usePreferences();
  return (
    <Dialog className="dialog">
      <Heading slot="title">Settings</Heading>
      <div className="field">
        <span className="label">Colors</span>
        <Segmented
          label="Colors"
          value={theme}
          onChange={(value) => changePreferences({ theme: value })}
          options={[
            { id: 'system', label: 'As the system' },
            { id: 'light', label: 'Light' },
            { id: 'dark', label: 'Dark' },
          ]}
        />
      </div>
      <div className="field">
        <span className="label">Rows of tables</span>
        <Segmented
          label="Rows of tables"
          value={density}
          onChange={(value) => changePreferences({ density: value })}
          options={[
            { id: 'compact', label: 'Compact' },
            { id: 'normal', label: 'Normal' },
            { id: 'roomy', label: 'Roomy' },
          ]}
        />
      </div>
      <Toggle isSelected={singleKeys} onChange={(value) => changePreferences({ singleKeys: value })}>
        Single keys act, such as / for the filter
      </Toggle>
      <div className="dialog-foot">
        <Button kind="primary" onPress={close}>
          Done
        </Button>
      </div>
    </Dialog>
  );
}
