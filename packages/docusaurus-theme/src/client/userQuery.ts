/** What the list of users shows. It is in the query of the page's URL, so that a list can be linked and reloaded. */
export interface UserQuery {
  readonly text: string;
  readonly field: (typeof fields)[number];
  readonly show: (typeof shows)[number];
  readonly sort: (typeof sorts)[number];
  /** From 1. */
  readonly page: number;
}

export const fields = ['email', 'name'] as const;
export const shows = ['all', 'admins', 'banned', 'unconfirmed'] as const;
export const sorts = ['newest', 'oldest', 'name', 'email'] as const;

/** The number of users on a page. */
export const usersPerPage = 20;

/** Reads the query of the URL. Values that it does not know have the default. */
export function parseUserQuery(search: string): UserQuery {
  const query = new URLSearchParams(search);
  const oneOf = <T extends string>(values: readonly [T, ...T[]], name: string): T =>
    values.find((value) => value === query.get(name)) ?? values[0];
  return {
    text: query.get('q') ?? '',
    field: oneOf(fields, 'in'),
    show: oneOf(shows, 'show'),
    sort: oneOf(sorts, 'sort'),
    page: Math.max(1, Number.parseInt(query.get('page') ?? '', 10) || 1),
  };
}

/** The query of the URL, without the defaults. */
export function formatUserQuery({ text, field, show, sort, page }: UserQuery): string {
  const query = new URLSearchParams();
  if (text) query.set('q', text);
  if (field !== fields[0]) query.set('in', field);
  if (show !== shows[0]) query.set('show', show);
  if (sort !== sorts[0]) query.set('sort', sort);
  if (page > 1) query.set('page', String(page));
  return query.size > 0 ? `?${query}` : '';
}

const filters = {
  all: {},
  admins: { filterField: 'role', filterOperator: 'contains', filterValue: 'admin' },
  banned: { filterField: 'banned', filterOperator: 'eq', filterValue: true },
  unconfirmed: { filterField: 'emailVerified', filterOperator: 'eq', filterValue: false },
} as const;

const orders = {
  newest: { sortBy: 'createdAt', sortDirection: 'desc' },
  oldest: { sortBy: 'createdAt', sortDirection: 'asc' },
  name: { sortBy: 'name', sortDirection: 'asc' },
  email: { sortBy: 'email', sortDirection: 'asc' },
} as const;

/** The parameters of list-users. */
export function listParameters({ text, field, show, sort, page }: UserQuery) {
  const typed = field === 'email' ? text.trim().toLowerCase() : text.trim(); // emails are stored in lower case
  return {
    ...(typed && { searchField: field, searchOperator: 'contains' as const, searchValue: escapeLike(typed) }),
    ...filters[show],
    ...orders[sort],
    limit: usersPerPage,
    offset: (page - 1) * usersPerPage,
  };
}

// The server searches with LIKE, in which these characters have a meaning.
function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
