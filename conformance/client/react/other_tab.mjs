// A second tab of the same browser, in a worker thread. It shows who is signed in, and receives the storage events of
// the first tab.
import { parentPort, workerData } from 'node:worker_threads';
import { dom, openTab, waitForText } from './tab.mjs';

const page = openTab(new Map(workerData.jar));
parentPort.on('message', async ({ stored, show, close }) => {
  if (close) {
    page.close();
    parentPort.close();
    await dom.happyDOM.close();
    return;
  }
  if (stored) dom.dispatchEvent(new dom.StorageEvent('storage', stored));
  const failed = await waitForText(page, show).catch((error) => error.message);
  parentPort.postMessage(failed ?? page.shows());
});
