import { type ReactNode, useState } from 'react';
import { auth } from './auth';
import { Form } from './Form';

/** A user in the list. */
interface Listed {
  readonly id: string;
  readonly email: string;
  readonly banned: boolean | null;
}

/** The users whose email contains a text, for an administrator. */
export function Users(): ReactNode {
  const [users, setUsers] = useState<readonly Listed[]>([]);
  const [text, setText] = useState('');
  const list = async (searchValue: string) => {
    setText(searchValue);
    const query = { searchValue, searchField: 'email', searchOperator: 'contains', limit: 10 } as const;
    const { data, error } = await auth.admin.listUsers({ query });
    setUsers((data?.users ?? []).map(({ id, email, banned }) => ({ id, email, banned: banned ?? null })));
    return { error };
  };
  const ban = async (userId: string) => {
    await auth.admin.banUser({ userId, banReason: 'spam' });
    await list(text);
  };
  return (
    <section aria-label="Users">
      <Form title="List" fields={['email']} call={({ email }) => list(email)} />
      <ul>
        {users.map(({ id, email, banned }) => (
          <li key={id}>
            {email} {banned ? 'banned ' : ''}
            <button type="button" onClick={() => void ban(id)}>
              Ban
            </button>
            <button type="button" onClick={() => void auth.admin.impersonateUser({ userId: id })}>
              Act as
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
