import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MailDelivery } from '../../src/application/mail-delivery.ts';
import type { Letter } from '../../src/application/ports/mail-queue.ts';
import { anId } from '../support/builders.ts';
import { openUseCases, type UseCases } from '../support/use-cases.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

let app: UseCases;
beforeEach(async () => {
  app = await openUseCases();
});
afterEach(() => app.store.close());

const ANN = { username: 'Ann', email: 'Ann@Example.org', password: 'correct horse' };

async function forgotten(): Promise<void> {
  await app.auth.register(ANN);
  await app.passwordResets.request({ email: 'ann@example.ORG' });
}

const codeIn = (text = ''): string => /^ {2}(\S{32})$/m.exec(text)?.[1] ?? '';

describe('a mail', () => {
  test('goes to the address as the account has it, once', async () => {
    await forgotten();
    await app.mailDelivery.deliverDue();
    await app.mailDelivery.deliverDue();
    expect(app.sent.map(({ to }) => to)).toEqual(['Ann@Example.org']);
  });

  test('that could not be sent is tried again, later and later, with a code that is good', async () => {
    await forgotten();
    app.mailer.failure = new Error('the mail server is away');
    for (const wait of [10, 20, 40, 80]) {
      await app.mailDelivery.deliverDue();
      app.clock.advance(wait * SECOND - 1);
      await app.mailDelivery.deliverDue();
      app.clock.advance(1);
    }
    const lines = app.logger.lines.filter(({ level }) => level === 'warn');
    expect(lines.map(({ facts }) => (facts as { attempts: number }).attempts)).toEqual([1, 2, 3, 4]);
    app.mailer.failure = null;
    await app.mailDelivery.deliverDue();
    await app.passwordResets.reset({ token: codeIn(app.sent[0]?.text), newPassword: 'a new password' });
    await expect(app.auth.login({ login: 'ann', password: 'a new password' })).resolves.toBeDefined();
  });

  test('is given up after a day', async () => {
    await forgotten();
    app.clock.advance(24 * HOUR);
    await app.mailDelivery.deliverDue();
    app.clock.advance(24 * HOUR);
    await app.mailDelivery.deliverDue();
    expect(app.sent).toEqual([]);
  });

  test('its code is good for an hour', async () => {
    await forgotten();
    await app.mailDelivery.deliverDue();
    app.clock.advance(HOUR);
    const attempt = app.passwordResets.reset({ token: codeIn(app.sent[0]?.text), newPassword: 'a new password' });
    await expect(attempt).rejects.toMatchObject({ code: 'RESET_TOKEN_INVALID' });
  });

  test('that takes for ever holds up no other: a second node goes on, and it is sent again after its lease', async () => {
    await forgotten();
    app.mailer.send = () => new Promise(() => undefined);
    void app.mailDelivery.deliverDue();
    await app.store.check();
    expect(await app.store.mailQueue.claim(app.clock.now() + 119 * SECOND, 0, 10)).toEqual([]);
    expect(await app.store.mailQueue.claim(app.clock.now() + 120 * SECOND, 0, 10)).toHaveLength(1);
  });
});

describe('what is written', () => {
  const CODE_ALONE = ['To choose it, enter this code where you are asked for it:'];
  const CODE_AND_LINK = (code: string) => [
    'Open this page to choose it:',
    '',
    `  https://chat.example.org/reset-password#${code}`,
    '',
    'Or enter this code where you are asked for it:',
  ];

  test.each([
    ['where the server is known by a URL', 'https://chat.example.org', CODE_AND_LINK],
    ['where it is not', undefined, () => CODE_ALONE],
  ])('to who forgot his password is how he chooses another, %s', async (_, publicUrl, lines) => {
    await forgotten();
    const { mailer, store, digests, clock, ids, logger } = app;
    const { mailQueue, users, codes } = store;
    const delivery = new MailDelivery({ mailer, mailQueue, users, codes, digests, clock, ids, logger, publicUrl });
    await delivery.deliverDue();
    const code = codeIn(app.sent[0]?.text);
    const text = [
      ...['Hello Ann,', '', 'somebody, probably you, asked for a new password for your account.'],
      ...[...lines(code), '', `  ${code}`, ''],
      ...['It is good once, and for one hour. If it was not you who asked, ignore this mail: nothing has changed.', ''],
    ];
    expect(app.sent).toEqual([{ to: 'Ann@Example.org', subject: 'A new password', text: text.join('\n') }]);
  });

  test('to a former address is that it was one', async () => {
    const { user } = await app.auth.register(ANN);
    await app.profiles.update({ userId: user.id, sessionId: '' }, { email: 'new@example.org' });
    await app.mailDelivery.deliverDue();
    const text = [
      ...['Hello Ann,', '', 'your account has another e-mail address now, and mail about it goes there.', ''],
      ...['If it was not you who changed it, tell an administrator of this server at once.', ''],
    ];
    expect(app.sent).toEqual([{ to: ANN.email, subject: 'Your e-mail address was changed', text: text.join('\n') }]);
  });

  test.each<Letter>([
    { kind: 'password-reset', to: 'nobody@example.org' },
    { kind: 'address-changed', to: 'nobody@example.org', userId: anId() },
  ])('to nobody is only a line of the log: $kind', async (letter) => {
    await app.store.mailQueue.enqueue('a letter', letter, app.clock.now());
    await app.mailDelivery.deliverDue();
    expect(app.sent).toEqual([]);
    const message = 'mail not sent: nobody to send it to, or too old';
    expect(app.logger.lines).toEqual([{ level: 'info', facts: { kind: letter.kind, attempts: 1 }, message }]);
  });
});

describe('the letter to a former address', () => {
  const letter = (userId: string) => ({ kind: 'address-changed', to: ANN.email, userId }) as const;

  test('waits while the change may still be on its way, and is dropped when it was never made', async () => {
    const { user } = await app.auth.register(ANN);
    await app.store.mailQueue.enqueue('a letter', letter(user.id), app.clock.now());
    await app.mailDelivery.deliverDue();
    app.clock.advance(10 * SECOND);
    await app.mailDelivery.deliverDue();
    app.clock.advance(60 * SECOND);
    await app.mailDelivery.deliverDue();
    expect(app.sent).toEqual([]);
    expect(await app.store.mailQueue.claim(app.clock.now() + HOUR, 0, 10)).toEqual([]);
  });

  test('is sent for a change that is made within a minute; every 10 s it is looked at again', async () => {
    const { user } = await app.auth.register(ANN);
    await app.store.mailQueue.enqueue('a letter', letter(user.id), app.clock.now());
    await app.mailDelivery.deliverDue();
    expect(await app.store.mailQueue.claim(app.clock.now() + 10 * SECOND - 1, 0, 10)).toEqual([]);
    await app.store.users.update({ ...user, email: 'new@example.org', version: 2 });
    app.clock.advance(10 * SECOND);
    await app.mailDelivery.deliverDue();
    expect(app.sent.map(({ to }) => to)).toEqual([ANN.email]);
  });

  test('is sent when the crash came between it and the answer', async () => {
    const { user, session } = await app.auth.register(ANN);
    await app.store.mailQueue.enqueue('a letter', letter(user.id), app.clock.now());
    await app.store.users.update({ ...user, email: 'new@example.org', version: 2 });
    await app.mailDelivery.deliverDue();
    expect(app.sent.map(({ to }) => to)).toEqual([ANN.email]);
    expect(session.userId).toBe(user.id);
  });
});

test('works in the background until it is told to end', async () => {
  await forgotten();
  const stop = new AbortController();
  const running = app.mailDelivery.run(stop.signal);
  await app.clock.asleep();
  expect(app.sent).toHaveLength(1);
  stop.abort();
  await running;
});
