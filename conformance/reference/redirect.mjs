// Redirects every TLS connection of this process to the emulated providers, on PROVIDER_PORT of this machine. The
// handshake still names the original host. Without PROVIDER_PORT it does nothing. `node --import ./redirect.mjs`
// loads it before anything else.
import tls from 'node:tls';

const { PROVIDER_PORT } = process.env;
if (PROVIDER_PORT) {
  const connect = tls.connect;
  tls.connect = (options, ...rest) => {
    const target = { host: '127.0.0.1', port: Number(PROVIDER_PORT), servername: options.servername || options.host };
    return connect({ ...options, ...target }, ...rest);
  };
}
