// Makes the library's tables in the database DATABASE_URL, by the library's own migration, and tells as one line of JSON
// what it found missing and what it found wrong.
import { connect, library, options } from "./options.mjs";

const { getMigrations } = await import(`${library}/db/migration`);
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
