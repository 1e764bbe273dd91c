import type { ReactNode } from 'react';

interface Props {
  readonly sources: { readonly light: string };
  readonly alt: string;
}

/** A test double of the picture of the classic theme. */
export default function ThemedImage({ sources, alt }: Props): ReactNode {
  return <img src={sources.light} alt={alt} />;
}
