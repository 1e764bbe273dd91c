import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildCopiedSite, copySite } from './site-copy';
import { bridgeSettings } from './supabase';

/** The settings with which the site signs in with sessions of Supabase. It reads them when it is built. */
const { SUPABASE_BRIDGE, SUPABASE_REF } = bridgeSettings;

/**
 * Builds Xenon's site with these settings and those of further features. Returns a directory in which `xenon dev`
 * serves the site, and a function that removes the directory.
 */
export function buildBridgeSite(features: Readonly<Record<string, string>> = {}): {
  readonly dir: string;
  readonly remove: () => void;
} {
  const dir = mkdtempSync(path.join(tmpdir(), 'xenon-bridge-site-'));
  copySite(dir);
  buildCopiedSite(dir, { SUPABASE_BRIDGE, SUPABASE_REF, ...features });
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
