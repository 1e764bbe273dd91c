// Verifies a JWT with libraries that get only the issuer's URL. Usage: node verify.mjs ISSUER TOKEN. Prints the result
// of each library as JSON: its name and version, and the user of the token or the error.
import { readFileSync } from 'node:fs';
import { JwtVerifier } from 'aws-jwt-verify';
import express from 'express';
import { auth } from 'express-oauth2-jwt-bearer';

const [issuer, token] = process.argv.slice(2);

const libraries = {
  'express-oauth2-jwt-bearer': async () => {
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
  'aws-jwt-verify': async () => (await JwtVerifier.create({ issuer, audience: issuer }).verify(token)).sub,
};

const results = [];
for (const [name, verify] of Object.entries(libraries)) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8'));
  try {
    results.push({ name, version, user: await verify() });
  } catch (error) {
    results.push({ name, version, error: String(error) });
  }
}
console.log(JSON.stringify(results));
