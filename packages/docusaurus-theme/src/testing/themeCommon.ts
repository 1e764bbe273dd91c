/** A test double of Docusaurus' hook, for English. */
export function usePluralForm(): { readonly selectMessage: (count: number, messages: string) => string } {
  return { selectMessage: (count, messages) => messages.split('|')[count === 1 ? 0 : 1] ?? '' };
}
