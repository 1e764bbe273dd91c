import { isMap, isScalar, isSeq, type LineCounter, type Node, type YAMLMap } from 'yaml';

/** Collects what is wrong with a file, with the lines. */
export class Problems {
  readonly found: string[] = [];

  constructor(private readonly lines: LineCounter) {}

  add(at: Node | null | undefined, problem: string): void {
    this.addAt(at?.range?.[0], problem);
  }

  addAt(offset: number | undefined, problem: string): void {
    this.found.push(offset === undefined ? problem : `line ${this.lines.linePos(offset).line}: ${problem}`);
  }
}

/** A mapping of a file. Its functions return undefined for an absent or wrong value, and report a wrong one. */
export class YamlMap {
  private constructor(
    readonly node: YAMLMap,
    private readonly problems: Problems,
  ) {}

  /** Reports keys that are not in `keys`. */
  static read(
    node: Node | null | undefined,
    what: string,
    keys: readonly string[],
    problems: Problems,
  ): YamlMap | undefined {
    if (!isMap(node)) {
      problems.add(node, `${what} has to be a mapping with the keys ${keys.join(', ')}`);
      return undefined;
    }
    for (const { key } of node.items)
      if (!isScalar(key) || !keys.includes(String(key.value)))
        problems.add(key as Node, `unknown key "${String(key)}"; ${what} can have ${keys.join(', ')}`);
    return new YamlMap(node, problems);
  }

  at(key: string): Node | undefined {
    return this.node.get(key, true) as Node | undefined;
  }

  /** Reports a problem at the value of a key, or at the mapping. */
  report(key: string, problem: string): undefined {
    this.problems.add(this.at(key) ?? this.node, problem);
    return undefined;
  }

  requireText(key: string, maxLength: number): string | undefined {
    return this.node.has(key) ? this.text(key, maxLength) : this.report(key, `${key} is missing`);
  }

  text(key: string, maxLength: number): string | undefined {
    const node = this.at(key);
    if (node === undefined) return undefined;
    if (!isScalar(node) || node.value === null) return this.report(key, `${key} has to be a text`);
    if (typeof node.value !== 'string')
      return this.report(key, `${key} has to be a text; put ${node.source ?? node.value} in quotes`);
    const { length } = [...node.value];
    if (length >= 1 && length <= maxLength) return node.value;
    return this.report(key, `${key} has ${length} characters; it can have 1 to ${maxLength}`);
  }

  integer(key: string, min: number, max: number): number | undefined {
    const node = this.at(key);
    if (node === undefined) return undefined;
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    return this.report(key, `${key} has to be a whole number from ${min} to ${max}`);
  }

  /** The value of a key that is not a mapping or a list; undefined if there is none. */
  scalar(key: string): unknown {
    const node = this.at(key);
    return isScalar(node) ? node.value : undefined;
  }

  list(key: string, maxLength: number): readonly Node[] {
    const node = this.at(key);
    if (!node || !isSeq(node)) {
      this.report(key, node ? `${key} has to be a list` : `${key} is missing`);
      return [];
    }
    const { length } = node.items;
    if (length >= 1 && length <= maxLength) return node.items as Node[];
    this.report(key, `${key} has ${length} items; it can have 1 to ${maxLength}`);
    return [];
  }
}
