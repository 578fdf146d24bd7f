/** Loaded before the program (`node --expose-gc --import`): at each SIGUSR2 it collects its garbage, so that what is left is in use. */
process.on('SIGUSR2', () => globalThis.gc?.());
