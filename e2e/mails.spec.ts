import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expectNoOverflow } from './harness/layout';
import { wcagRules } from './harness/states';
import { checkWithAxe, expect, test } from './harness/test';
import { repositoryRoot } from './harness/xenon';

// The HTML part of every mail, as the tests of shared/mail/content have it, in a browser as in a mail program: with the
// default look in English, and with every setting in German.

const dir = path.join(repositoryRoot, 'shared/mail/content/testdata');
const files = ['en', 'de'].flatMap((locale) =>
  readdirSync(path.join(dir, locale))
    .filter((name) => name.endsWith('.html'))
    .map((name) => path.join(locale, name)),
);

const logo = '<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40"><rect width="160" height="40"/></svg>';

test('every mail can be read, in light and dark colours and on a phone', async ({ page, colorScheme }, info) => {
  expect(files.length, 'number of mails').toBeGreaterThan(20);
  await page.route('**/logo.png', (route) => route.fulfill({ contentType: 'image/svg+xml', body: logo }));
  for (const file of files) {
    await test.step(file, async () => {
      const html = readFileSync(path.join(dir, file), 'utf8');
      await page.setContent(html);
      if (process.env['SCREENSHOTS']) {
        const name = `${file.replace('.html', '').replace('/', '-')}-${info.project.name}.png`;
        await page.screenshot({ path: path.resolve(import.meta.dirname, 'screenshots/mails', name), fullPage: true });
      }
      const text = await page
        .locator('p.text')
        .last()
        .evaluate((element) => getComputedStyle(element).color);
      const isLightText = text === 'rgb(241, 242, 244)';
      expect(isLightText, `light text (${text}) with the colours ${colorScheme}`).toBe(colorScheme === 'dark');
      await checkWithAxe(page, wcagRules); // a mail is not a page with landmarks and headings
      await page.setContent(html.replaceAll('learn.example.com', `${'a-long-name-of-a-site'.repeat(3)}.example.com`));
      await expectNoOverflow(page);
    });
  }
});
