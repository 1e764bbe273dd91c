import { expect, it } from 'vitest';
import { formatUserQuery, listParameters, parseUserQuery, type UserQuery } from './userQuery';

const newest: UserQuery = { text: '', field: 'email', show: 'all', sort: 'newest', page: 1 };

it.each([
  ['', newest],
  [
    '?q=ada&in=name&show=banned&sort=email&page=3',
    { text: 'ada', field: 'name', show: 'banned', sort: 'email', page: 3 },
  ],
  ['?in=password&show=secret&sort=hash&page=-1', newest],
  ['?page=x', newest],
] as const)('reads the query %j', (search, expected) => {
  expect(parseUserQuery(search)).toEqual(expected);
});

it('leaves the defaults out of the URL', () => {
  expect(formatUserQuery(newest)).toBe('');
  const search = '?q=a%26b&in=name&show=admins&sort=oldest&page=2';
  expect(formatUserQuery(parseUserQuery(search))).toBe(search);
});

it('asks for the newest 20 users first', () => {
  expect(listParameters(newest)).toEqual({ sortBy: 'createdAt', sortDirection: 'desc', limit: 20, offset: 0 });
  expect(listParameters({ ...newest, page: 3 }).offset).toBe(40);
});

it('searches for the characters that were typed, not for patterns', () => {
  expect(listParameters({ ...newest, text: ' Ada_100%\\ ' })).toMatchObject({
    searchField: 'email',
    searchOperator: 'contains',
    searchValue: 'ada\\_100\\%\\\\',
  });
  expect(listParameters({ ...newest, text: 'Ada', field: 'name' })).toMatchObject({ searchValue: 'Ada' });
});

it('filters administrators, banned users and users without a confirmed email', () => {
  expect(listParameters({ ...newest, show: 'admins' })).toMatchObject({ filterField: 'role', filterValue: 'admin' });
  expect(listParameters({ ...newest, show: 'banned' })).toMatchObject({ filterField: 'banned', filterValue: true });
  expect(listParameters({ ...newest, show: 'unconfirmed' })).toMatchObject({
    filterField: 'emailVerified',
    filterValue: false,
  });
});
