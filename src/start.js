import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// Under a heavy load what a message leaves behind lives through a collection, from which V8 would conclude that the like of it
// belongs among the old at once. Later, at ease, such garbage keeps young garbage alive, and collections take five times as long.
setFlagsFromString('--no-allocation-site-pretenuring');
// Before main.ts, so that it comes from the cache too: where nothing has to be stripped of its types, Node saves the 20 MB for that.
enableCompileCache();
await import('./main.ts');
