const ADDRESS = '/service-worker.js';

/** What browsers with Trusted Types ask for, since the address of a worker is that of a program. */
interface ScriptPolicies {
  createPolicy(name: string, rules: { createScriptURL: () => string }): { createScriptURL(address: string): string };
}

/** Has the browser keep the files of the page, once it is drawn, so that it opens without a network. Not over plain HTTP, where none would. */
export function keepPage(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { trustedTypes } = window as { trustedTypes?: ScriptPolicies };
  const policy = trustedTypes?.createPolicy('parley-worker', { createScriptURL: () => ADDRESS });
  addEventListener('load', () => {
    navigator.serviceWorker.register(policy?.createScriptURL(ADDRESS) ?? ADDRESS).catch(() => undefined);
  });
}
