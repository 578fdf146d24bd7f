import { enableCompileCache } from 'node:module';

// Before main.ts, so that it comes from the cache too: where nothing has to be stripped of its types, Node saves the 20 MB for that.
enableCompileCache();
await import('./main.ts');
