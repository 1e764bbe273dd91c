import useRouteContext from '@docusaurus/useRouteContext';
import type { ProfileData } from '../profileFields';

/** The fields of the profile. Only the page of the profile has them. */
export function useProfileData(): ProfileData {
  const profile = useRouteContext().data?.['profile'];
  if (!profile) throw new Error('only the page of the profile, in the option routes.profile, can show the profile');
  return profile as ProfileData; // the build writes this data, so it needs no schema
}
