// Verifies JWTs with libraries that get only the URL of the issuer. Usage: node verify.mjs ISSUER TOKEN... Prints as
// JSON, for each token, the result of each library: its name and version, and the user of the token or the error.
import { readFileSync } from 'node:fs';
import { JwtVerifier } from 'aws-jwt-verify';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';

const [issuer, ...tokens] = process.argv.slice(2);

const libraries = {
  'express-oauth2-jwt-bearer': async (token) => {
    const app = express();
    app.get('/', auth({ issuerBaseURL: issuer, audience: issuer }), (request, response) => {
      response.send(request.auth.payload.sub);
    });
    app.use((error, _request, response, _next) => response.status(error.status ?? 500).send(String(error)));
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${server.address().port}/`;
    const response = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
    const text = await response.text();
    server.close();
    server.closeAllConnections();
    if (!response.ok) throw new Error(text);
    return text;
  },
  'aws-jwt-verify': async (token) => (await JwtVerifier.create({ issuer, audience: issuer }).verify(token)).sub,
};

async function verifyWithEachLibrary(token) {
  const results = [];
  for (const [name, verify] of Object.entries(libraries)) {
    const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'));
    try {
      results.push({ name, version, user: await verify(token) });
    } catch (error) {
      results.push({ name, version, error: String(error) });
    }
  }
  return results;
}

const all = [];
for (const token of tokens) all.push(await verifyWithEachLibrary(token));
console.log(JSON.stringify(all));
