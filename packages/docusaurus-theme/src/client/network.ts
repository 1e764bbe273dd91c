/** There was no response: the network is down, the request was blocked, or a script could not be loaded. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
}

/** `fetch`, with a NetworkError if there is no response. Other errors are faults of the caller. */
export async function fetchOrNetworkError(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(input, init);
  } catch (error) {
    throw error instanceof TypeError ? new NetworkError('no response', { cause: error }) : error;
  }
}

/** Loads a chunk, with a NetworkError if the browser cannot load it. */
export async function loadChunk<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw isChunkError(error) ? new NetworkError('a script could not be loaded', { cause: error }) : error;
  }
}

// The bundlers of Docusaurus set the name.
function isChunkError(error: unknown): boolean {
  return error instanceof Error && error.name === 'ChunkLoadError';
}
