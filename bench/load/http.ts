import { LeanHttp } from './lean-http.ts';
import { type LoadResult, Meter, type Window } from './meter.ts';

/** One connection for each request, which is sent again as soon as it is answered. */
export interface HttpPlan extends Window {
  readonly kind: 'http';
  /** Whole requests, ASCII. `COUNTER` in one becomes a number of as many digits, another one every time. */
  readonly requests: readonly string[];
}

export const COUNTER = '@@@@@@@@@@@@';

/** @throws Error when a connection ends, or an answer is not 2xx or does not come */
export async function runHttp(plan: HttpPlan): Promise<LoadResult> {
  const meter = new Meter();
  const connections = plan.requests.map((request) => repeat(plan.port, request, meter));
  try {
    const result = await meter.measure(plan);
    await meter.drain(() => meter.answered === meter.sent);
    return result;
  } finally {
    for (const connection of connections) connection.close();
  }
}

function repeat(port: number, text: string, meter: Meter): LeanHttp {
  const request = Buffer.from(text);
  const counterAt = request.indexOf(COUNTER);
  let sentAt = 0;
  const send = (): void => {
    if (counterAt !== -1) request.write(String(meter.sent).padStart(COUNTER.length, '0'), counterAt);
    meter.sent += 1;
    sentAt = performance.now();
    connection.write(Buffer.from(request));
  };
  const onAnswer = (status: number): void => {
    if (status < 200 || status > 299) meter.fail(`answered ${status}: ${text.slice(0, 80)}`);
    meter.answer(sentAt);
    if (meter.running) send();
  };
  const connection = new LeanHttp(port, onAnswer, (reason) => meter.fail(reason));
  send();
  return connection;
}
