import './ui/tokens.css';
import './ui/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { startSession } from './session/lifecycle.ts';
import { keepPage } from './session/service-worker.ts';
import { applyPreferences, usePreferences } from './settings/preferences.ts';
import { followKeyboard } from './ui/follow-keyboard.ts';

applyPreferences(usePreferences.getState());
usePreferences.subscribe(applyPreferences);
startSession();
keepPage();
followKeyboard(visualViewport);

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
