// Runs Better Auth's own migration on the database DATABASE_URL. Prints one line of JSON: the tables, columns and
// indexes that were missing before, and the problems that Better Auth found.
import { openPool, options, packageName } from './options.mjs';

const { getMigrations } = await import(`${packageName}/db/migration`);
const pool = openPool();
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
