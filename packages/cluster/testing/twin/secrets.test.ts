import { secretReaderSuite } from '../secret-reader-suite.ts';
import { createTwinSecrets } from './secrets.ts';

secretReaderSuite('the twin of a secret reader', async () => {
  const reader = createTwinSecrets();
  return {
    reader,
    namespace: 'shop',
    hold: async (name, secret) => reader.hold(`shop/${name}`, secret),
    beAway: reader.beAway,
  };
});
