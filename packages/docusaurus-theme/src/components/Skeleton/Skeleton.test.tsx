import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import Skeleton from '.';

afterEach(cleanup);

it('has a text that screen readers announce', () => {
  render(<Skeleton />);
  expect(screen.getByRole('status', { name: 'Loading' }).textContent).toContain('Loading');
});
