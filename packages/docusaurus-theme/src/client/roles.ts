/** The role of administrators. */
export const administratorRole = 'admin';

/** Whether a user has the role of administrators. The server also knows administrators by their ids. */
export function isAdministrator({ role }: { readonly role?: string | null | undefined }): boolean {
  return role?.split(',').includes(administratorRole) ?? false;
}
