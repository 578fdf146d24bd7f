/**
 * Loaded before the program (`node --import`): at each SIGUSR2 its clock goes by the next of the steps in CLOCK_STEPS
 * (milliseconds, with commas), and after the last by the first again. What counts time without a clock is not touched.
 */
const steps = (process.env.CLOCK_STEPS ?? '').split(',').map(Number);
const RealDate = Date;
let offset = 0;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + offset] : args, newTarget),
  get: (target, key) => (key === 'now' ? () => RealDate.now() + offset : Reflect.get(target, key)),
});

process.on('SIGUSR2', () => {
  const step = steps.shift() ?? 0;
  steps.push(step);
  offset += step;
});
