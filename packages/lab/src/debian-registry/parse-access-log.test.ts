import { expect, test } from 'vitest';
import { parseAccessLog } from './parse-access-log.ts';

const LOG = `time="2026-11-23T02:50:21Z" level=warning msg="No HTTP secret provided"
127.0.0.1 - - [23/Nov/2026:02:50:21 +0000] "GET / HTTP/1.1" 200 0 "" "node"
127.0.0.1 - - [23/Nov/2026:02:53:08 +0000] "HEAD /v2/shop/web/manifests/1.0 HTTP/1.1" 200 720 "" "containerd/1.6.20~ds1"
time="2026-11-23T02:50:36Z" level=error msg="response completed with error" http.request.uri="/v2/shop/missing/manifests/9"
127.0.0.1 - - [23/Nov/2026:02:53:09 +0000] "HEAD /v2/shop/missing/manifests/9 HTTP/1.1" 404 96 "" "containerd/1.6.20~ds1"
`;

test('requests for images are told from everything else in the log', () => {
  expect(parseAccessLog(LOG)).toEqual([
    { method: 'HEAD', path: '/v2/shop/web/manifests/1.0', status: 200, bytes: 720, by: 'containerd/1.6.20~ds1' },
    { method: 'HEAD', path: '/v2/shop/missing/manifests/9', status: 404, bytes: 96, by: 'containerd/1.6.20~ds1' },
  ]);
});
