/** What a browser calls itself, in words for a list of devices; empty parts where it does not say. */
export interface Device {
  readonly browser: string;
  readonly system: string;
}

// The first that matches counts: every browser claims to be the ones after it.
const browsers: ReadonlyArray<readonly [RegExp, string]> = [
  [/Edg(?:A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\/|Chromium\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/^curl\//, 'curl'],
  [/^node/, 'Node.js'],
];
const systems: ReadonlyArray<readonly [RegExp, string]> = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'ChromeOS'],
  [/Mac OS X|Macintosh/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** Reads the User-Agent header that a session was started with. */
export function device(userAgent: string | null | undefined): Device {
  const of = (names: typeof browsers) => names.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1] ?? '';
  return { browser: of(browsers), system: of(systems) };
}
