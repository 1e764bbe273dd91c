/** A test double of Docusaurus' Head, which needs a Docusaurus build. */
export default function Head(): null {
  return null;
}
