/** A document of the index: a page, a heading, a description or the text of a section. */
type IndexedDocument = {
  readonly i: number;
  /** The text in which the words were found. */
  readonly t: string;
  /** The URL of the page, and the anchor in it. */
  readonly u: string;
  readonly h?: string;
  /** The title of the section; the documents of titles have none. */
  readonly s?: string;
};

type IndexedPage = IndexedDocument & {
  /** The names of the navigation above the page. */
  readonly b?: readonly string[];
};

/** What the worker of the search plugin finds. */
export type Found = {
  readonly document: IndexedPage;
  /** 0 title, 1 heading, 2 description, 3 keywords, 4 text. */
  readonly type: number;
  /** The page of a document that is not a title. */
  readonly page?: IndexedPage | false | undefined;
  /** By word: where it is in the text, as pairs of start and length. */
  readonly metadata: Readonly<Record<string, { readonly t?: { readonly position: readonly [number, number][] } }>>;
};

/** A piece of text. A match is shown with a mark. */
export type Part = { readonly text: string; readonly isMatch: boolean };

/** A result as the dialog shows it. */
export type Hit = {
  readonly id: string;
  readonly url: string;
  readonly title: readonly Part[];
  /** The names of the pages above this one. */
  readonly where: string;
  /** The text around the first match; empty if a title or heading matches. */
  readonly text: readonly Part[];
};

const titleTypes = [0, 1];
/** The number of characters of a text that are shown, without the word that the limit cuts and the ellipses. */
const excerptLength = 160;

/** What the dialog shows of a document that the worker has found. */
export function hitOf({ document, type, page, metadata }: Found): Hit {
  const positions = Object.values(metadata).flatMap(({ t }) =>
    (t?.position ?? []).map((one) => wordAt(document.t, one)),
  );
  const matched = markedParts(document.t, positions);
  const above = page ? [...(page.b ?? []), page.t] : (document.b ?? []);
  const title = document.s || (page ? page.t : document.t);
  return {
    id: String(document.i),
    url: document.u + (document.h ?? ''),
    title: titleTypes.includes(type) ? matched : [{ text: title, isMatch: false }],
    where: above.filter((name, i) => name !== above[i + 1] && (page || name !== document.t)).join(' › '),
    text: titleTypes.includes(type) ? [] : excerpt(document.t, positions),
  };
}

/** Start and length of a match, without the punctuation around the word, which the index counts to it. */
function wordAt(text: string, [start, length]: readonly [number, number]): readonly [number, number] {
  const match = text.slice(start, start + length);
  const word = match.replace(/[^\p{L}\p{N}]+$/u, '');
  const inside = word.replace(/^[^\p{L}\p{N}]+/u, '');
  return [start + word.length - inside.length, inside.length];
}

function markedParts(text: string, positions: readonly (readonly [number, number])[]): Part[] {
  const parts: Part[] = [];
  let end = 0;
  const addPart = (to: number, isMatch: boolean) => {
    if (to > end) parts.push({ text: text.slice(end, to), isMatch });
    end = Math.max(end, to);
  };
  for (const [start, length] of positions.toSorted(([a, m], [b, n]) => a - b || n - m)) {
    if (start < end) continue;
    addPart(start, false);
    addPart(start + length, true);
  }
  addPart(text.length, false);
  return parts;
}

/** The text around the first match. It begins and ends with a whole word, unless the text has no space nearby. */
function excerpt(text: string, positions: readonly (readonly [number, number])[]): Part[] {
  const first = positions.length > 0 ? Math.min(...positions.map(([start]) => start)) : 0;
  const from = first < excerptLength / 2 ? 0 : text.lastIndexOf(' ', first - excerptLength / 2) + 1;
  const space = text.lastIndexOf(' ', from + excerptLength);
  const to = text.length - from <= excerptLength ? text.length : space > first ? space : from + excerptLength;
  const inside = positions.filter(([start, length]) => start >= from && start + length <= to);
  return [
    ...(from > 0 ? [{ text: '… ', isMatch: false }] : []),
    ...markedParts(
      text.slice(from, to),
      inside.map(([start, length]) => [start - from, length]),
    ),
    ...(to < text.length ? [{ text: ' …', isMatch: false }] : []),
  ];
}
