// Runs Better Auth's own migration on DATABASE_URL, and prints as one line of JSON what was missing and what problems
// it found.
import { connect, options, packageName } from './options.mjs';

const { getMigrations } = await import(`${packageName}/db/migration`);
const pool = connect();
try {
  const plan = await getMigrations(options(pool));
  await plan.runMigrations();
  const missing = [...plan.toBeCreated, ...plan.toBeAdded, ...(plan.toBeAddedIndexes ?? [])];
  console.log(
    JSON.stringify({
      missing: missing.map(({ table, name }) => name ?? table),
      problems: [...(plan.unsafeChanges ?? []), ...(plan.schemaProblems ?? [])],
    }),
  );
} finally {
  await pool.end();
}
