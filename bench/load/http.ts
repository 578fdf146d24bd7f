import { LeanHttp } from './lean-http.ts';
import { type LoadResult, Meter, type Window } from './meter.ts';

/** One connection for each list of requests, which are sent in turn, over and over, each as soon as the one before is answered. */
export interface HttpPlan extends Window {
  readonly kind: 'http';
  /** Whole requests, ASCII. `COUNTER` in one becomes a number of as many digits, another one every time. */
  readonly requests: readonly (readonly string[])[];
}

export const COUNTER = '@@@@@@@@@@@@';

export const headers = (token: string): string => `Host: 127.0.0.1\r\nAuthorization: Bearer ${token}`;

/** A whole GET request for a path of the API. */
export const get = (path: string, token: string): string => `GET /api/v1${path} HTTP/1.1\r\n${headers(token)}\r\n\r\n`;

/** @throws Error when a connection ends, or an answer is not 2xx or does not come */
export async function runHttp(plan: HttpPlan): Promise<LoadResult> {
  const meter = new Meter();
  const connections = plan.requests.map((requests) => repeat(plan.port, requests, meter));
  try {
    const result = await meter.measure(plan);
    await meter.drain(() => meter.answered === meter.sent);
    return result;
  } finally {
    for (const connection of connections) connection.close();
  }
}

function repeat(port: number, texts: readonly string[], meter: Meter): LeanHttp {
  const requests = texts.map((text) => ({ bytes: Buffer.from(text), counterAt: text.indexOf(COUNTER) }));
  let turn = 0;
  let sentAt = 0;
  const send = (): void => {
    const { bytes, counterAt } = requests[turn % requests.length] ?? { bytes: Buffer.alloc(0), counterAt: -1 };
    if (counterAt !== -1) bytes.write(String(meter.sent).padStart(COUNTER.length, '0'), counterAt);
    meter.sent += 1;
    sentAt = performance.now();
    connection.write(Buffer.from(bytes));
  };
  const onAnswer = (status: number): void => {
    if (status < 200 || status > 299) meter.fail(`answered ${status}: ${texts[turn % texts.length]?.slice(0, 80)}`);
    meter.answer(sentAt);
    turn += 1;
    if (meter.running) send();
  };
  const connection = new LeanHttp(port, onAnswer, (reason) => meter.fail(reason));
  send();
  return connection;
}
