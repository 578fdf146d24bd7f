import { navigate } from './router.ts';
import { useTexts } from './texts/texts.ts';
import { Button } from './ui/button.tsx';
import { Notice } from './ui/notice.tsx';

/** For an address of nothing that there is. */
export function NothingHere() {
  const t = useTexts();
  return (
    <Notice icon="search" title={t.nothingHere}>
      <p>{t.nothingHereWhy}</p>
      <Button look="primary" onClick={() => navigate('/')}>
        {t.toChats}
      </Button>
    </Notice>
  );
}
