// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { shippedFile } from './declaration/readDeclaration';

const root = path.resolve(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** Modules that Docusaurus itself resolves. */
const providedModules =
  /^(@theme|@theme-init|@generated|@xenon-auth\/docusaurus-theme\/internal)\/|^@docusaurus\/(Head|Link|Translate|router|use\w+|ExecutionEnvironment)$/;

it('imports only its dependencies, so that it works without the node_modules of this repository', () => {
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
  const files = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !/\.test\.|^testing|\.d\.ts$/.test(file),
  );
  const imports = files.flatMap((file) => {
    const text = readFileSync(path.join(root, 'src', file), 'utf8');
    return [...text.matchAll(/^(?:import|export)(?! type)[^;]*? from '([^'.][^']*)'/gm)].map(([, name = '']) => name);
  });
  const packages = imports
    .filter((name) => !name.startsWith('node:') && !providedModules.test(name))
    .map((name) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
  expect(packages.length).toBeGreaterThan(10);
  expect(packages.filter((name) => !declared.includes(name))).toEqual([]);
});

it('no theme component imports another folder by a relative path, so that a site can eject it', () => {
  const files = readdirSync(path.join(root, 'src/theme'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !/\.test\./.test(file),
  );
  const outside = files.filter((file) => /'\.\.\//.test(readFileSync(path.join(root, 'src/theme', file), 'utf8')));
  expect(outside).toEqual([]);
});

it('has a copy of the declaration that Xenon has without the setting PROFILE_FIELDS', () => {
  const original = path.join(root, '../../shared/profilefields/declaration/profile.yaml');
  expect(readFileSync(shippedFile).equals(readFileSync(original)), `${shippedFile} is equal to ${original}`).toBe(true);
  expect(manifest.files).toContain(path.relative(root, shippedFile));
});
