/** A test double of Docusaurus' hook. */
export default function useBrokenLinks(): { readonly collectAnchor: () => void } {
  return { collectAnchor: () => {} };
}
