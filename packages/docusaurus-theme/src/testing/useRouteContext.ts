import { readDeclaration, shippedFile } from '../declaration/readDeclaration';
import type { ProfileData } from '../profileFields';

const shipped: ProfileData = { fields: readDeclaration(shippedFile), isShipped: true };
let profile = shipped;

/** The data of the page of the profile. */
export const currentProfile = (): ProfileData => profile;

/** Gives the page of the profile other fields, or without an argument those of the shipped declaration. */
export function setProfileFile(file?: string): void {
  profile = file === undefined ? shipped : { fields: readDeclaration(file), isShipped: false };
}

/** A test double of Docusaurus' hook. */
export default function useRouteContext(): { readonly data: { readonly profile: ProfileData } } {
  return { data: { profile } };
}
