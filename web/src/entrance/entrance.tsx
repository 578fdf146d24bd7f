import type { ServerInfo } from 'parley-client';
import { useEffect, useState } from 'react';
import { usePlace } from '../router.ts';
import { parley } from '../session/parley.ts';
import { ForgottenPassword, ResetPassword } from './new-password.tsx';
import { Register } from './register.tsx';
import { SignIn } from './sign-in.tsx';

/** What is seen by whoever is not signed in. */
export function Entrance() {
  const place = usePlace();
  const server = useServer();
  switch (place.name) {
    case 'register':
      return server?.registration === 'closed' ? <SignIn server={server} /> : <Register server={server} />;
    case 'forgotten-password':
      return <ForgottenPassword />;
    case 'reset-password':
      return <ResetPassword code={place.code} server={server} />;
    default:
      return <SignIn server={server} />;
  }
}

/** What this server says about itself; null until it has. */
function useServer(): ServerInfo | null {
  const [server, setServer] = useState<ServerInfo | null>(null);
  useEffect(() => {
    parley.server().then(setServer, () => undefined);
  }, []);
  return server;
}
