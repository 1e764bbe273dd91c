// prismInChunks.ts puts this module in the place of one that pages do not need.
export {};
