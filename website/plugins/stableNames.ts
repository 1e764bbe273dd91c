import { getSwcJsMinimizerOptions, rspack } from '@docusaurus/faster';
import type { Plugin } from '@docusaurus/types';

/**
 * Two builds of a commit in different folders have the same bytes. Without this plugin they differ: the minifier gives
 * the shortest names to the letters that are most frequent in the code, and while it runs, the code has preliminary
 * hashes of files, which depend on the folder. `make reproduce` compares two builds.
 */
export default function stableNames(): Plugin {
  return {
    name: 'stable-names',
    // @ts-expect-error: the types of Docusaurus know the plugins of webpack, not those of rspack
    configureWebpack(_config, isServer) {
      if (isServer || process.env.NODE_ENV !== 'production') return {};
      const mangle = { disableCharFreq: true };
      const minimizerOptions: object = { ...getSwcJsMinimizerOptions(), minify: true, mangle }; // types lack the option
      return {
        // It runs before the minifier of Docusaurus, which skips minified files.
        mergeStrategy: { 'optimization.minimizer': 'prepend' },
        optimization: { minimizer: [new rspack.SwcJsMinimizerRspackPlugin({ minimizerOptions })] },
      };
    },
  };
}
