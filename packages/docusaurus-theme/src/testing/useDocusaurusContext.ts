/** A test double of Docusaurus' hook, which needs a Docusaurus build. */
export default function useDocusaurusContext(): { readonly i18n: { readonly currentLocale: string } } {
  return { i18n: { currentLocale: 'en' } };
}
