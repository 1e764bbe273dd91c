import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';
import Table from '.';

const rows = (
  <tbody>
    <tr>
      <td>cell</td>
    </tr>
  </tbody>
);

test('the scroll frame in the static HTML can receive the keyboard focus', () => {
  const html = renderToString(<Table>{rows}</Table>);
  expect(html).toMatch(/<div[^>]* tabindex="0"/);
  expect(html).toMatch(/<div[^>]* role="group"/);
  expect(html).toMatch(/<div[^>]* aria-label="[^"]+"/);
});

test('a span follows the table, which is hidden without it', () => {
  expect(renderToString(<Table>{rows}</Table>)).toMatch(/<\/table><span hidden=""><\/span>/);
});
