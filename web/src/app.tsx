import { Component, type ReactNode, useEffect, useState } from 'react';
import { Entrance } from './entrance/entrance.tsx';
import { useParley } from './session/parley.ts';
import { usePreferences } from './settings/preferences.ts';
import { en, type Texts } from './texts/en.ts';
import { LANGUAGES, TextsContext, useTexts } from './texts/texts.ts';
import { Button } from './ui/button.tsx';
import { Notice } from './ui/notice.tsx';
import { Toasts } from './ui/toasts.tsx';
import { Workspace } from './workspace.tsx';

export function App() {
  const texts = useLoadedTexts();
  if (!texts) return null;
  return (
    <TextsContext value={texts}>
      <LastResort>
        <Pages />
        <Toasts />
      </LastResort>
    </TextsContext>
  );
}

function Pages() {
  const account = useParley((state) => state.account);
  if (account === 'unknown') return null; // for some milliseconds: the storage is being asked
  return account === 'signed-in' ? <Workspace /> : <Entrance />;
}

/** The texts of the chosen language, once they are here. */
function useLoadedTexts(): Texts | null {
  const code = usePreferences((state) => state.language);
  const [texts, setTexts] = useState<Texts | null>(code === 'en' ? en : null);
  useEffect(() => {
    const language = LANGUAGES.find((known) => known.code === code);
    let isWanted = true;
    void language?.load().then((loaded) => {
      if (!isWanted) return;
      Object.assign(document.documentElement, { lang: code, dir: language.direction });
      setTexts(loaded);
    });
    return () => {
      isWanted = false;
    };
  }, [code]);
  return texts;
}

/** Where a defect of ours is shown instead of an empty page. */
class LastResort extends Component<{ readonly children: ReactNode }, { readonly isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    return this.state.isBroken ? <Broken /> : this.props.children;
  }
}

function Broken() {
  const t = useTexts();
  return (
    <main style={{ display: 'grid', height: '100%' }}>
      <Notice icon="warn" title={t.somethingWrong}>
        <Button look="primary" onClick={() => location.reload()}>
          {t.retry}
        </Button>
      </Notice>
    </main>
  );
}
