// Copies users row by row with Better Auth, as its guide "Migrating from Supabase Auth" does. Run it in conformance/,
// where Better Auth is installed. FROM and TO are the URLs of the two databases, and USERS is the number of users. It
// prints the seconds that it needed to write the rows, without the time to read the source.
import { betterAuth } from 'better-auth';
import pg from 'pg';

const auth = betterAuth({
  secret: 'a secret of the benchmarks, long enough',
  baseURL: 'http://localhost',
  database: new pg.Pool({ connectionString: process.env.TO }),
  emailAndPassword: { enabled: true },
  socialProviders: { google: { clientId: 'id', clientSecret: 'secret' } },
  advanced: { database: { generateId: 'uuid' } },
});
const ctx = await auth.$context;
const source = new pg.Pool({ connectionString: process.env.FROM });
const { rows } = await source.query(
  `SELECT u.*, coalesce((SELECT json_agg(i.* ORDER BY i.id)
     FROM auth.identities i WHERE i.user_id = u.id), '[]') AS identities
   FROM auth.users u LIMIT $1`,
  [process.env.USERS],
);

const start = performance.now();
for (const u of rows) {
  await ctx.adapter.create({
    model: 'user',
    data: {
      id: u.id,
      email: u.email,
      name: u.raw_user_meta_data?.name || u.email,
      emailVerified: !!u.email_confirmed_at,
      image: u.raw_user_meta_data?.avatar_url,
      createdAt: new Date(u.created_at),
      updatedAt: new Date(u.updated_at),
    },
    forceAllowId: true,
  });
  for (const i of u.identities) {
    const existing = await ctx.internalAdapter.findAccounts(u.id);
    const providerId = i.provider === 'email' ? 'credential' : i.provider;
    if (existing.some((a) => a.providerId === providerId)) continue;
    await ctx.adapter.create({
      model: 'account',
      data: {
        userId: u.id,
        providerId,
        accountId: i.provider === 'email' ? u.id : i.identity_data.sub,
        password: i.provider === 'email' ? u.encrypted_password : undefined,
        createdAt: new Date(i.created_at),
        updatedAt: new Date(i.updated_at),
      },
    });
  }
}
console.log((performance.now() - start) / 1000);
process.exit(0);
