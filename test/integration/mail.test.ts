import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { FileMailer } from '../../src/infrastructure/mail/file-mailer.ts';
import { SmtpMailer } from '../../src/infrastructure/mail/smtp-mailer.ts';
import { PASSWORD, TestApp } from '../support/app.ts';
import { cleanUpAfterEach } from '../support/clean-ups.ts';
import { RecordingLogger } from '../support/recording-logger.ts';

const afterwards = cleanUpAfterEach();

const MAIL = { to: 'jürgen@example.org', subject: 'Grüße – 你好', text: 'Line one\n.\nLine three: ä\n' };
const FROM = 'parley@example.org';

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly user: string | undefined;
}

/** A mail server of its own, that keeps what it is given. */
async function smtpServer(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
          user: session.user,
        });
        done();
      });
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  afterwards(stop);
  const { port } = server.server.address() as AddressInfo;
  return { received, port, stop, url: `smtp://127.0.0.1:${port}` };
}

describe('by SMTP', () => {
  test('a mail arrives as it was written', async () => {
    const { received, url } = await smtpServer();
    await new SmtpMailer({ url, from: FROM }).send({ ...MAIL, to: 'ann@example.org' });
    const [mail] = received;
    expect(mail).toMatchObject({ from: FROM, to: ['ann@example.org'] });
    expect(mail?.text).toContain('Subject: =?UTF-8?');
    expect(mail?.text).toMatch(/^Date: /m);
  });

  test('user and password are those of the URL', async () => {
    const server = await smtpServer({
      ...{ authOptional: false, allowInsecureAuth: true },
      onAuth: ({ username, password }, _session, done) =>
        username === 'parley' && password === 's3cret/+' ? done(null, { user: username }) : done(new Error('no')),
    });
    const url = (password: string) => `smtp://parley:${encodeURIComponent(password)}@127.0.0.1:${server.port}`;
    await new SmtpMailer({ url: url('s3cret/+'), from: FROM }).send({ ...MAIL, to: 'ann@example.org' });
    expect(server.received[0]?.user).toBe('parley');
    await expect(new SmtpMailer({ url: url('wrong'), from: FROM }).send(MAIL)).rejects.toThrow();
  });

  test('an address with a line break or a second address in it reaches nobody else', async () => {
    const { received, url } = await smtpServer();
    const mailer = new SmtpMailer({ url, from: FROM });
    for (const to of ['ann@example.org\r\nBcc: eve@example.org', 'ann@example.org, eve@example.org']) {
      await mailer.send({ ...MAIL, to }).catch(() => undefined);
    }
    expect(received.flatMap(({ to }) => to).filter((to) => to.startsWith('eve'))).toEqual([]);
  });

  test('a password is forgotten and set anew, with the mail server away at first', async () => {
    const { port, close } = await takenPort();
    const app = await TestApp.start({ mailer: new SmtpMailer({ url: `smtp://127.0.0.1:${port}`, from: FROM }) });
    afterwards(() => app.stop());
    const person = await app.register();
    expect((await app.post('auth/password/forgot', { email: person.email })).status).toBe(202);
    await close();
    await app.application.mailDelivery.deliverDue();
    expect((await app.get('users/me', person)).status).toBe(200);
    expect(app.log.filter(({ msg }) => msg === 'mail could not be sent')).toHaveLength(1);

    const { received, url } = await smtpServer();
    const [letter] = await app.store.mailQueue.claim(Date.now() + 60_000, Date.now() - 1, 1);
    expect(letter?.attempts).toBe(2);
    const again = await TestApp.start({ store: app.store, mailer: new SmtpMailer({ url, from: FROM }) });
    await again.application.mailDelivery.deliverDue();
    const token = /^ {2}(\S{32})\r?$/m.exec(received[0]?.text ?? '')?.[1];
    const reset = await again.post('auth/password/reset', { token, newPassword: 'a new password' });
    expect(reset.status).toBe(204);
    expect((await again.post('auth/login', { login: person.username, password: PASSWORD })).status).toBe(401);
    await again.application.gateway.close();
    await again.application.server.close();
  });
});

/** A port where nobody is let in, until it is closed. */
async function takenPort() {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise((resolve) => server.close(resolve));
  afterwards(close);
  return { port: (server.address() as AddressInfo).port, close };
}

test('without a server a mail is a file for its owner’s eyes, and the log has only its path', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-'));
  afterwards(() => rm(folder, { recursive: true }));
  const logger = new RecordingLogger();
  const mailer = new FileMailer({ folder: join(folder, 'mail'), from: FROM, logger });
  for (const _ of [1, 2]) await mailer.send(MAIL);
  const names = await readdir(join(folder, 'mail'));
  expect(names).toHaveLength(2);
  for (const name of names) {
    const path = join(folder, 'mail', name);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = await readFile(path, 'utf8');
    expect(text).toContain(`From: ${FROM}\n`);
    expect(text).toMatch(/^To: .*example\.org/m);
    expect(logger.lines).toContainEqual(expect.objectContaining({ facts: { path } }));
  }
  expect((await stat(join(folder, 'mail'))).mode & 0o077).toBe(0);
  expect(JSON.stringify(logger.lines)).not.toContain('Line');
});
