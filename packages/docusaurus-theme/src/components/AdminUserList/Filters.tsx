import { translate } from '@docusaurus/Translate';
import { type FormEvent, type ReactNode, useState } from 'react';
import { fields, shows, sorts, type UserQuery } from '../../client/userQuery';
import Field from '../Field';
import SelectField from '../SelectField';
import SubmitButton from '../SubmitButton';
import styles from './styles.module.css';

interface Props {
  readonly query: UserQuery;
  readonly onChange: (changes: Partial<UserQuery>) => void;
}

/** The search, which waits for its button, and three choices, which apply at once. */
export default function Filters({ query, onChange }: Props): ReactNode {
  const [text, setText] = useState(query.text);
  const [shown, setShown] = useState(query.text);
  // The URL has changed, for example because the person went back.
  if (shown !== query.text) {
    setShown(query.text);
    setText(query.text);
  }
  const search = (event: FormEvent) => {
    event.preventDefault();
    onChange({ text: text.trim() });
  };
  return (
    <form onSubmit={search} className={styles.filters}>
      <div className={styles.search}>
        <Field
          name="q"
          type="search"
          label={translate({ id: 'theme.xenon.admin.search', message: 'Search' })}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={text}
          onChange={setText}
        />
        <SelectField
          name="in"
          label={translate({ id: 'theme.xenon.admin.in', message: 'In' })}
          options={fields.map((value) => ({ value, label: fieldText(value) }))}
          value={query.field}
          onChange={(field) => onChange({ field, text: text.trim() })}
        />
        <SubmitButton busy={false}>
          {translate({ id: 'theme.xenon.admin.search.submit', message: 'Search' })}
        </SubmitButton>
      </div>
      <SelectField
        name="show"
        label={translate({ id: 'theme.xenon.admin.show', message: 'Show' })}
        options={shows.map((value) => ({ value, label: showText(value) }))}
        value={query.show}
        onChange={(show) => onChange({ show })}
      />
      <SelectField
        name="sort"
        label={translate({ id: 'theme.xenon.admin.sort', message: 'Order' })}
        options={sorts.map((value) => ({ value, label: sortText(value) }))}
        value={query.sort}
        onChange={(sort) => onChange({ sort })}
      />
    </form>
  );
}

function fieldText(field: UserQuery['field']): string {
  return field === 'email'
    ? translate({ id: 'theme.xenon.admin.in.email', message: 'E-mail addresses' })
    : translate({ id: 'theme.xenon.admin.in.name', message: 'Names' });
}

function showText(show: UserQuery['show']): string {
  switch (show) {
    case 'all':
      return translate({ id: 'theme.xenon.admin.show.all', message: 'All users' });
    case 'admins':
      return translate({ id: 'theme.xenon.admin.show.admins', message: 'Administrators' });
    case 'banned':
      return translate({ id: 'theme.xenon.admin.show.banned', message: 'Banned users' });
    case 'unconfirmed':
      return translate({ id: 'theme.xenon.admin.show.unconfirmed', message: 'Without a confirmed e-mail address' });
  }
}

function sortText(sort: UserQuery['sort']): string {
  switch (sort) {
    case 'newest':
      return translate({ id: 'theme.xenon.admin.sort.newest', message: 'Newest first' });
    case 'oldest':
      return translate({ id: 'theme.xenon.admin.sort.oldest', message: 'Oldest first' });
    case 'name':
      return translate({ id: 'theme.xenon.admin.sort.name', message: 'By name' });
    case 'email':
      return translate({ id: 'theme.xenon.admin.sort.email', message: 'By e-mail address' });
  }
}
