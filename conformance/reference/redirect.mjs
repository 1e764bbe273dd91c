// Connects every TLS connection of this process with the stand-in for the providers, on PROVIDER_PORT of this machine.
// It keeps the name of the host in the handshake. Without PROVIDER_PORT it does nothing. `node --import ./redirect.mjs`
// loads it before anything else.
import tls from 'node:tls';

const { PROVIDER_PORT } = process.env;
if (PROVIDER_PORT) {
  const connect = tls.connect;
  tls.connect = (options, ...rest) => {
    const standIn = { host: '127.0.0.1', port: Number(PROVIDER_PORT), servername: options.servername || options.host };
    return connect({ ...options, ...standIn }, ...rest);
  };
}
