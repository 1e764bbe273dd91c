import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expectNoOverflow } from './harness/layout';
import { wcagRules } from './harness/states';
import { checkWithAxe, expect, test } from './harness/test';
import { repositoryRoot } from './harness/xenon';

// The HTML part of every mail, as the tests of shared/mail/mailer have it, in a browser as in a mail program.

const dir = path.join(repositoryRoot, 'shared/mail/mailer/testdata');
const files = readdirSync(dir).filter((name) => name.endsWith('.html'));

test('every mail can be read, in light and dark colours and on a phone', async ({ page, colorScheme }, info) => {
  expect(files.length, 'number of mails').toBeGreaterThan(10);
  for (const file of files) {
    await test.step(file, async () => {
      const html = readFileSync(path.join(dir, file), 'utf8');
      await page.setContent(html);
      if (process.env['SCREENSHOTS']) {
        const name = `${path.basename(file, '.html')}-${info.project.name}.png`;
        await page.screenshot({ path: path.resolve(import.meta.dirname, 'screenshots/mails', name), fullPage: true });
      }
      const text = await page.evaluate(() => getComputedStyle(document.body).color);
      const isLightText = text === 'rgb(255, 255, 255)';
      expect(isLightText, `light text (${text}) with the colours ${colorScheme}`).toBe(colorScheme === 'dark');
      await checkWithAxe(page, wcagRules); // a mail is not a page with landmarks and headings
      await page.setContent(html.replaceAll('learn.example.com', `${'a-long-name-of-a-site'.repeat(3)}.example.com`));
      await expectNoOverflow(page);
    });
  }
});
