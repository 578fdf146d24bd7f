/** HTTPS and WSS, served by Parley itself. */
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls, type SecureContextOptions } from 'node:tls';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigError } from '../../src/config.ts';
import { PASSWORD } from '../support/api-client.ts';
import { TestApp } from '../support/app.ts';
import { certificateAuthority } from '../support/certificates.ts';
import { processesOfEach } from '../support/clean-ups.ts';
import { type RunningApp, startApp } from '../support/running-app.ts';
import { ServerProcess } from '../support/server-process.ts';
import { refusedUpgrade, SocketClient, socketUrl } from '../support/socket-client.ts';

const authority = certificateAuthority('The authority');
/** Whom a client believes, and under what name. */
type Trust = SecureContextOptions & { readonly servername?: string };

/** The certificates are for this name, whatever address is called. */
const trusting: Trust = { ca: authority.cert, servername: 'localhost' };

const { afterwards, aFolder, start: startProcess } = processesOfEach();
let folder: string;
beforeEach(async () => {
  folder = await aFolder();
});

/** Writes the pair of a new server certificate, and gives the settings for it. */
function certified(subject: string, by = authority): { tlsCert: string; tlsKey: string } {
  const { cert, key } = by.issue(subject);
  return { tlsCert: file('cert.pem', cert), tlsKey: file('key.pem', key) };
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function start(settings: object): Promise<RunningApp> {
  const app = await startApp({ settings });
  afterwards(() => app.stop());
  return app;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came, and fail where it is not what they expect.
  readonly body: any;
}

async function call(url: string, options: Trust = trusting, body?: object): Promise<Answer> {
  const headers = body ? { 'content-type': 'application/json' } : {};
  const asked = request(url, { ...options, agent: false, method: body ? 'POST' : 'GET', headers });
  asked.end(body && JSON.stringify(body));
  const [response] = await once(asked, 'response');
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(await text(response)) };
}

async function signedIn(url: string, options = trusting): Promise<SocketClient> {
  const account = { username: 'ann', email: 'ann@example.org', password: PASSWORD };
  const { body } = await call(`${url}/api/v1/auth/register`, options, account);
  return SocketClient.signedIn(url, body.accessToken, options);
}

/** Whose certificate a new connection is shown. */
async function subjectAt(url: string): Promise<unknown> {
  const socket = connectTls({ ...trusting, host: new URL(url).hostname, port: Number(new URL(url).port) });
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

describe('with a certificate', () => {
  test('HTTPS and WSS are served, and browsers are told to stay with them', async () => {
    const { url } = await start(certified('chat'));
    expect(url).toMatch(/^https:/);
    const { status, headers } = await call(`${url}/api/v1/server`);
    expect([status, headers['strict-transport-security']]).toEqual([200, 'max-age=31536000']);
    const socket = await signedIn(url);
    expect((await socket.command('presence.set', { status: 'away' })).type).toBe('ack');
    socket.close();
    await expect(call(`${url}/health`, {})).rejects.toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('a page of the same origin may connect, one of another may not', async () => {
    const { url } = await start(certified('chat'));
    const own = new SocketClient(socketUrl(url), { ...trusting, origin: url });
    await own.next('hello');
    own.close();
    expect((await refusedUpgrade(socketUrl(url), { ...trusting, origin: 'https://evil.example' })).status).toBe(403);
  });

  test('whoever does not speak TLS is hung up on, and nobody else notices', async () => {
    const { url } = await start(certified('chat'));
    for (const said of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x00\x05hello', 'x']) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      if (said === 'x') socket.end(said);
      else socket.write(said);
      expect(await text(socket).catch(() => '')).not.toContain('HTTP/1.1');
    }
    expect((await call(`${url}/health`)).status).toBe(200);
  });
});

describe('with an authority for clients', () => {
  test('nobody comes in without a certificate of it, over HTTPS or WSS', async () => {
    const tlsCa = file('ca.pem', authority.cert);
    const { url } = await start({ ...certified('chat'), tlsCa });
    const stranger = { ...trusting, ...certificateAuthority('Somebody').issue('client') };
    for (const refused of [trusting, stranger]) {
      await expect(call(`${url}/health`, refused)).rejects.toThrow();
      const socket = new SocketClient(socketUrl(url), refused);
      expect((await socket.closed).code).toBe(1006);
      expect(socket.frames).toEqual([]);
    }
    const member = { ...trusting, ...authority.issue('client') };
    const socket = await signedIn(url, member);
    expect((await call(`${url}/health`, member)).status).toBe(200);
    socket.close();
  });
});

describe('read again', () => {
  test('on SIGHUP: new connections see the new certificate, old ones stay; a broken one is logged and changes nothing', async () => {
    const { tlsCert, tlsKey } = certified('first');
    const env = { PARLEY_DATA_DIR: join(folder, 'data'), PARLEY_TLS_CERT: tlsCert, PARLEY_TLS_KEY: tlsKey };
    const server = await startProcess(env);
    expect(server.url).toMatch(/^https:/);
    const socket = await signedIn(server.url);
    expect(await subjectAt(server.url)).toBe('first');

    certified('second');
    process.kill(server.pid, 'SIGHUP');
    await server.line((line) => line.includes('the certificate was read again'));
    expect(await subjectAt(server.url)).toBe('second');

    file('cert.pem', authority.issue('of another key').cert);
    process.kill(server.pid, 'SIGHUP');
    await server.line((line) => line.includes('the certificate cannot be used; the old one stays'));
    expect(await subjectAt(server.url)).toBe('second');
    expect((await socket.command('presence.set', { status: 'away' })).type).toBe('ack');
    socket.close();
    expect((await server.kill('SIGTERM')).code).toBe(0);
  });

  test('for every address that is listened at, each of which has all that the first has, to the end', async () => {
    const app = await TestApp.start({ settings: certified('first') });
    const { server, reloadCertificate } = app.application;
    const addresses = ['127.0.0.1', '127.0.0.2'];
    const url = await server.listenAt({ host: 'localhost', port: 0 }, async () => addresses);
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const [first = '', second = ''] = addresses.map((address) => url.replace('127.0.0.1', address));
    for (const one of [first, second]) expect(await subjectAt(one)).toBe('first');
    certified('second');
    reloadCertificate();
    for (const one of [first, second]) expect(await subjectAt(one)).toBe('second');
    const socket = await signedIn(second);
    expect((await call(`${second}/health`)).status).toBe(200);
    await app.stop();
    expect((await socket.closed).code).toBe(1012);
    for (const one of [first, second])
      await expect(call(`${one}/health`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(JSON.stringify(app.log)).not.toContain('istening');
  });

  test('files that have gone change nothing', async () => {
    const settings = certified('chat');
    const app = await start(settings);
    rmSync(settings.tlsKey);
    app.reloadCertificate();
    expect(await subjectAt(app.url)).toBe('chat');
  });
});

describe('what is no certificate is refused at the start', () => {
  test('as a mistake in the configuration', async () => {
    const { tlsCert, tlsKey } = certified('chat');
    const junk = file('junk.pem', 'junk');
    const other = file('other.pem', authority.issue('other').key);
    const wrong = [
      { tlsCert, tlsKey: other },
      { tlsCert: junk, tlsKey },
      { tlsCert, tlsKey: junk },
      { tlsCert, tlsKey, tlsCa: junk },
    ];
    for (const settings of wrong) await expect(startApp({ settings })).rejects.toThrow(ConfigError);
  });

  test('with exit code 78', async () => {
    const { tlsCert } = certified('chat');
    const env = { PARLEY_DATA_DIR: join(folder, 'data'), PARLEY_TLS_CERT: tlsCert, PARLEY_TLS_KEY: tlsCert };
    const server = ServerProcess.spawn(env);
    expect(await server.ended).toEqual({ code: 78, signal: null });
    expect(server.lines.join()).toMatch(/^parley: PARLEY_TLS_CERT, PARLEY_TLS_KEY, PARLEY_TLS_CA: cannot be used/);
  });
});
