import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The root of the checkout, in which the server finds the built site. */
export const repositoryRoot = path.resolve(import.meta.dirname, '../..');

/** A running `xenon dev`. */
export interface Xenon {
  /** The public origin: http://localhost:port, or BETTER_AUTH_URL if set. */
  readonly origin: string;
  /** The URL at which the server listens. */
  readonly address: string;
  readonly dir: string;
  readonly mailFile: string;
  /** The output of the process up to now. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** `env` has settings of .env.example, `args` are arguments of `xenon dev`. */
export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** The folder with go.mod and website/; default: the checkout. */
  readonly cwd?: string;
}

/** Starts bin/xenon on a free port, in a directory that `stop` removes. RATE_LIMIT is off unless `env` sets it. */
export async function startXenon({ env = {}, args = [], cwd = repositoryRoot }: StartOptions = {}): Promise<Xenon> {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-e2e-'));
  const log: string[] = [];
  const child = spawn(path.join(repositoryRoot, 'bin/xenon'), ['dev', '--addr', 'localhost:0', '--dir', dir, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], RATE_LIMIT: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', (error) => {
      log.push(String(error));
      done();
    });
  });
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  const found = await Promise.race([readAddresses(child, log), ended]);
  if (!found) {
    await stop();
    throw new Error(`xenon dev did not start:\n${log.join('\n')}`);
  }
  return { ...found, dir, mailFile: path.join(dir, 'mail.jsonl'), log: () => log.join('\n'), stop };
}

/** Reads origin and URL from the output. */
function readAddresses(child: ChildProcess, log: string[]): Promise<Pick<Xenon, 'origin' | 'address'>> {
  return new Promise((done) => {
    if (!child.stdout) throw new Error('the process of xenon dev has no standard output to read');
    let address = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(line);
      address = /^Listening on (.+)$/.exec(line)?.[1] ?? address;
      const origin = /^Xenon is running at (\S+)/.exec(line)?.[1];
      if (origin) done({ origin, address: `http://${address}` });
    });
  });
}

/** The URL of the database that a server has started, from the files in its directory. */
export function databaseURLOf(xenon: Xenon): string {
  const dir = path.join(xenon.dir, 'postgres');
  const password = readFileSync(path.join(dir, 'password'), 'utf8').trim();
  const port = readFileSync(path.join(dir, 'data/postmaster.pid'), 'utf8').split('\n')[3];
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres?sslmode=disable`;
}
