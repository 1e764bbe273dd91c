import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The checkout, in whose root the server finds template.yaml, the site and the API's description. */
export const root = path.resolve(import.meta.dirname, '../..');

/** A running `xenon dev`. */
export interface Xenon {
  /** Where a person finds it: http://localhost:port, or BETTER_AUTH_URL when that was set. */
  readonly origin: string;
  /** Where it listens, whatever it is known as. */
  readonly address: string;
  readonly dir: string;
  readonly mailFile: string;
  /** What it has logged up to now. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Settings of .env.example by name; `args` are arguments of `xenon dev`. */
export interface Settings {
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Where template.yaml and website/ are; the checkout unless said otherwise. */
  readonly cwd?: string;
}

/** Starts bin/xenon on a free port, with a directory of its own that goes away with it. The limiter is off unless asked for. */
export async function startXenon({ env = {}, args = [], cwd = root }: Settings = {}): Promise<Xenon> {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-e2e-'));
  const log: string[] = [];
  const child = spawn(path.join(root, 'bin/xenon'), ['dev', '--addr', 'localhost:0', '--dir', dir, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], RATE_LIMIT: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', (error) => {
      log.push(String(error));
      done();
    });
  });
  createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
    rmSync(dir, { recursive: true, force: true });
  };
  const found = await Promise.race([addresses(child, log), gone]);
  if (!found) {
    await stop();
    throw new Error(`xenon dev did not start:\n${log.join('\n')}`);
  }
  return { ...found, dir, mailFile: path.join(dir, 'mail.jsonl'), log: () => log.join('\n'), stop };
}

/** Reads the addresses off what a person sees. */
function addresses(child: ChildProcess, log: string[]): Promise<Pick<Xenon, 'origin' | 'address'>> {
  return new Promise((done) => {
    if (!child.stdout) throw new Error('nobody listens to xenon');
    let address = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(line);
      address = /^Listening on (.+)$/.exec(line)?.[1] ?? address;
      const origin = /^Xenon is running at (\S+)/.exec(line)?.[1];
      if (origin) done({ origin, address: `http://${address}` });
    });
  });
}

/** The database of a server that has started one: its own DATABASE_URL is known to it alone, but its files say it. */
export function databaseOf(xenon: Xenon): string {
  const dir = path.join(xenon.dir, 'postgres');
  const password = readFileSync(path.join(dir, 'password'), 'utf8').trim();
  const port = readFileSync(path.join(dir, 'data/postmaster.pid'), 'utf8').split('\n')[3];
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres?sslmode=disable`;
}
