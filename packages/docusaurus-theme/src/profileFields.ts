// Types only: both the code of the build and that of the browser import this module.

/** An answer to choose from. */
export interface ProfileChoice {
  readonly value: string;
  readonly label: string;
}

interface FieldBase {
  /** The member of the API's JSON, and the column of the table. */
  readonly name: string;
  readonly label: string;
  /** What is wrong with an answer that is not allowed, instead of the general text for the type. */
  readonly message?: string;
}

export interface ChoiceField extends FieldBase {
  readonly type: 'choice';
  readonly choices: readonly ProfileChoice[];
  readonly default?: string;
}

export interface TextField extends FieldBase {
  readonly type: 'text';
  /** The maximum number of characters. */
  readonly max: number;
  /** A regular expression with the flag u. */
  readonly pattern?: string;
  readonly default?: string;
}

export interface IntegerField extends FieldBase {
  readonly type: 'integer';
  readonly min: number;
  readonly max: number;
  readonly default?: number;
}

export interface BooleanField extends FieldBase {
  readonly type: 'boolean';
  readonly default?: boolean;
}

/** A field of the profile. Without a default the answer can be null. */
export type ProfileField = ChoiceField | TextField | IntegerField | BooleanField;
export type ProfileFields = readonly ProfileField[];

/** What the page of the profile needs to know. The build computes it from the declaration. */
export interface ProfileData {
  readonly fields: ProfileFields;
  /** Whether the fields are those of the profile of a learner. */
  readonly isShipped: boolean;
}
