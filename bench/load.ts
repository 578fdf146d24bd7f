/** The load, in a process of its own: takes one plan after the other from its parent and answers each with what came of it. */
import { launch } from './child.ts';
import { type HttpPlan, runHttp } from './load/http.ts';
import type { LoadResult } from './load/meter.ts';
import { runSend, type SendPlan } from './load/send.ts';
import { LOAD_CORE } from './machine.ts';

export type Plan = SendPlan | HttpPlan;
type Answer = { readonly result: LoadResult } | { readonly error: string };

/** Runs one plan at a time in the load's process. */
export interface Load {
  /** @throws Error when the numbers would be worth nothing */
  run(plan: Plan): Promise<LoadResult>;
  stop(): void;
}

export function startLoad(): Load {
  const child = launch(LOAD_CORE, [import.meta.filename]);
  const run = (plan: Plan) =>
    new Promise<LoadResult>((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the load ended with ${code}`));
      child.once('exit', onExit);
      child.once('message', (answer: Answer) => {
        child.removeListener('exit', onExit);
        if ('error' in answer) reject(new Error(answer.error));
        else resolve(answer.result);
      });
      child.send(plan);
    });
  return { run, stop: () => child.disconnect() };
}

async function answerTo(plan: Plan): Promise<Answer> {
  try {
    return { result: await (plan.kind === 'send' ? runSend(plan) : runHttp(plan)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

if (import.meta.main) {
  process.on('message', (plan: Plan) => void answerTo(plan).then((answer) => process.send?.(answer)));
}
