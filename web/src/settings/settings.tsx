import { useState } from 'react';
import { signOut } from '../session/lifecycle.ts';
import { LANGUAGES, useTexts } from '../texts/texts.ts';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Choice, Switch } from '../ui/field.tsx';
import { Account } from './account.tsx';
import { type Preferences, usePreferences } from './preferences.ts';
import { Privacy, Profile } from './profile.tsx';
import { Sessions } from './sessions.tsx';
import styles from './settings.module.css';

/** All that is mine: how I appear, how this page looks, where I am signed in. */
export function Settings({ onClose }: { readonly onClose: () => void }) {
  const t = useTexts();
  return (
    <Dialog title={t.settings} kind="sheet" onClose={onClose}>
      <Profile />
      <Privacy />
      <Appearance />
      <Notifications />
      <Sessions />
      <Account />
      <section className={styles.section}>
        <Button icon="door" onClick={() => void signOut().catch(() => undefined)}>
          {t.signOut}
        </Button>
      </section>
    </Dialog>
  );
}

const set = (change: Partial<Preferences>): void => {
  usePreferences.setState(change);
};

function Appearance() {
  const t = useTexts();
  const { theme, highContrast, language } = usePreferences();
  return (
    <section className={styles.section}>
      <h3>{t.appearance}</h3>
      <Choice
        label={t.theme}
        value={theme}
        options={[
          { value: 'system', label: t.themeSystem },
          { value: 'light', label: t.themeLight },
          { value: 'dark', label: t.themeDark },
        ]}
        onChange={(chosen) => set({ theme: chosen })}
      />
      <Switch label={t.contrast} checked={highContrast} onChange={(isOn) => set({ highContrast: isOn })} />
      <Choice
        label={t.language}
        value={language}
        options={LANGUAGES.map(({ code, name }) => ({ value: code, label: name }))}
        onChange={(chosen) => set({ language: chosen })}
      />
    </section>
  );
}

function Notifications() {
  const t = useTexts();
  const { notify, sound } = usePreferences();
  const [isDenied, setDenied] = useState(false);
  const change = async (isOn: boolean) => {
    const isAllowed = !isOn || (await Notification.requestPermission()) === 'granted';
    setDenied(!isAllowed);
    set({ notify: isOn && isAllowed });
  };
  return (
    <section className={styles.section}>
      <h3>{t.notifications}</h3>
      {'Notification' in window && (
        <Switch label={t.notify} hint={t.notifyHint} checked={notify} onChange={(isOn) => void change(isOn)} />
      )}
      {isDenied && <p role="alert">{t.notifyDenied}</p>}
      <Switch label={t.sound} checked={sound} onChange={(isOn) => set({ sound: isOn })} />
    </section>
  );
}
