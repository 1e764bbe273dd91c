declare module '*.woff2' {
  /** The URL of the file in the built site. */
  const url: string;
  export default url;
}
