/** The load, in a process of its own: takes one plan after the other from its parent and answers each with what came of it. */
import { launch } from './child.ts';
import { type Arrival, type ArrivalPlan, leave, runArrival } from './load/arrive.ts';
import { type FanoutPlan, runFanout } from './load/fanout.ts';
import { type HttpPlan, runHttp } from './load/http.ts';
import type { LoadResult } from './load/meter.ts';
import { runSend, type SendPlan } from './load/send.ts';
import { LOAD_CORE } from './machine.ts';

export type Plan = SendPlan | HttpPlan | FanoutPlan | ArrivalPlan | { readonly kind: 'leave' };
type Result<P extends Plan> = P extends ArrivalPlan ? Arrival : P extends { kind: 'leave' } ? null : LoadResult;
type Answer = { readonly result: Result<Plan> } | { readonly error: string };

/** Runs one plan at a time in the load's process. */
export interface Load {
  /** @throws Error when the numbers would be worth nothing */
  run<P extends Plan>(plan: P): Promise<Result<P>>;
  stop(): void;
}

export function startLoad(): Load {
  const child = launch(LOAD_CORE, [import.meta.filename]);
  const run = <P extends Plan>(plan: P) =>
    new Promise<Result<P>>((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the load ended with ${code}`));
      child.once('exit', onExit);
      child.once('message', (answer: Answer) => {
        child.removeListener('exit', onExit);
        if ('error' in answer) reject(new Error(answer.error));
        else resolve(answer.result as Result<P>); // of this plan, since there is one at a time
      });
      child.send(plan);
    });
  return { run, stop: () => child.disconnect() };
}

async function resultOf(plan: Plan): Promise<Result<Plan>> {
  if (plan.kind === 'send') return runSend(plan);
  if (plan.kind === 'http') return runHttp(plan);
  if (plan.kind === 'fanout') return runFanout(plan);
  if (plan.kind === 'arrive') return runArrival(plan);
  leave();
  return null;
}

async function answerTo(plan: Plan): Promise<Answer> {
  try {
    return { result: await resultOf(plan) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

if (import.meta.main) {
  process.on('message', (plan: Plan) => void answerTo(plan).then((answer) => process.send?.(answer)));
}
