import type { FailureKind } from '@kube-prefetch/protocol';

export interface FailureRow {
  readonly kind: FailureKind;
  readonly match: RegExp;
  /** As it came, but for shortened hosts and digests. */
  readonly samples: readonly Sample[];
}

export type Sample = readonly [from: string, text: string];

/**
 * What engines say when a pull fails. The first row that fits decides, so the order is part of the table: the particular
 * before the general. Docker 29 and later keep images in containerd and then speak like it. The texts of dockerd 20.10 and
 * podman 4.3 were seen, those of other versions reported by users.
 */
export const FAILURE_TABLE: readonly FailureRow[] = [
  {
    kind: 'NoPlatform',
    match:
      /no matching manifest for |no match for platform in manifest|no image found in (?:image index|manifest list) for architecture|cannot be used on this platform/,
    samples: [
      ['dockerd 20.10.24', 'no matching manifest for linux/amd64 in the manifest list entries'],
      ['dockerd 20.10.24, no index', 'image operating system "windows" cannot be used on this platform'],
      ['dockerd 29', 'failed to resolve reference "r.example/arm:1": no match for platform in manifest: not found'],
      ['podman 4.3.1', 'no image found in image index for architecture amd64, variant "", OS linux'],
    ],
  },
  {
    kind: 'DiskFull',
    match: /no space left on device|disk quota exceeded/,
    samples: [
      ['dockerd 20.10.24, download', 'write /var/lib/docker/tmp/GetImageBlob4007616630: no space left on device'],
      [
        'dockerd 20.10.24, unpack',
        'failed to register layer: Error processing tar file(exit status 1): write /ballast/0: no space left on device',
      ],
      ['dockerd 28, unpack', 'failed to register layer: write /usr/lib/libx.so: no space left on device'],
    ],
  },
  {
    kind: 'InvalidReference',
    match: /^invalid (?:reference|tag) format|^invalid repository name|failed to parse .*reference/,
    samples: [
      ['dockerd 20.10.24', 'invalid reference format: repository name must be lowercase'],
      ['dockerd 20.10.24', 'invalid tag format'],
      ['dockerd 20.10.24', 'invalid repository name (aaaa), cannot specify 64-byte hexadecimal strings'],
      ['dockerd 28', 'invalid reference format: repository name (library/Nginx) must be lowercase'],
    ],
  },
  {
    kind: 'RateLimited',
    match: /toomanyrequests|429 \(?Too Many Requests/i,
    samples: [
      ['dockerd 20.10.24', 'toomanyrequests: slow down'],
      [
        'dockerd 20.10.24, blob',
        'error pulling image configuration: download failed after attempts=1: toomanyrequests: slow down',
      ],
      [
        'dockerd 28, Docker Hub',
        'toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit',
      ],
      [
        'dockerd 29',
        'failed to resolve reference "r.example/app:1": unexpected status from HEAD request to https://r.example/v2/app/manifests/1: 429 Too Many Requests',
      ],
      ['podman 4.3.1', 'reading manifest 1 in r.example/app: toomanyrequests: slow down'],
    ],
  },
  {
    kind: 'RegistryUnavailable',
    match: /HTTP status(?: code)?: 5\d\d|\bstatus\b.*: 5\d\d [A-Z]/,
    samples: [
      ['dockerd 20.10.24', 'received unexpected HTTP status: 500 Internal Server Error'],
      [
        'dockerd 20.10.24, blob',
        'error pulling image configuration: download failed after attempts=6: received unexpected HTTP status: 503 Service Unavailable',
      ],
      [
        'dockerd 29',
        'failed to resolve reference "r.example/app:1": unexpected status from HEAD request to https://r.example/v2/app/manifests/1: 502 Bad Gateway',
      ],
    ],
  },
  {
    // A proxy's or a portal's page where the manifest should be.
    kind: 'RegistryUnavailable',
    match: /invalid character '<' looking for beginning of value|\(text\/html/,
    samples: [
      ['dockerd 20.10.24', "error unmarshalling content: invalid character '<' looking for beginning of value"],
      [
        'podman 4.3.1',
        'error parsing HTTP 404 response body: invalid character \'<\' looking for beginning of value: "<!DOCTYPE HTML>"',
      ],
    ],
  },
  {
    kind: 'NotAnImage',
    match:
      /unsupported media ?type|invalid rootfs in image configuration|unsupported (?:manifest|image-specific)|mismatched image rootfs|image manifest has no signatures|manifest (?:schema v1|Version 2, Schema 1).*(?:unsupported|no longer|deprecated)/i,
    samples: [
      ['dockerd 20.10.24, artifact', 'unsupported media type application/vnd.oci.empty.v1+json'],
      ['dockerd 20.10.17, artifact', 'invalid rootfs in image configuration'],
      ['dockerd 24.0.6, artifact', 'unsupported media type application/vnd.devcontainers'],
      ['podman', 'unsupported image-specific operation on artifact with type "application/x"'],
    ],
  },
  {
    kind: 'Corrupt',
    match:
      /verification failed for digest|don't match image configuration|Digest did not match|does not match config's DiffID|unexpected commit digest|wrong diff id|invalid tar header|(?:gzip|flate|zlib|bzip2): |unknown blob|blob unknown/,
    samples: [
      [
        'dockerd 20.10.24, configuration',
        'error pulling image configuration: image config verification failed for digest sha256:2887',
      ],
      ['dockerd 20.10.24, layer', 'filesystem layer verification failed for digest sha256:a6a6'],
      ['dockerd 20.10.24, layer', "layers from manifest don't match image configuration"],
      [
        'dockerd 20.10.24, layer',
        'failed to register layer: Error processing tar file(exit status 1): archive/tar: invalid tar header',
      ],
      [
        'dockerd 20.10.24, blob missing in the registry',
        'error pulling image configuration: download failed after attempts=1: unknown blob',
      ],
      ['podman', 'writing blob: Digest did not match, expected sha256:7e76, got sha256:34b8'],
    ],
  },
  {
    kind: 'Unauthorized',
    match:
      /\bunauthorized\b|\bdenied\b|no basic auth credentials|incorrect username or password|authorization failed|: 401 |: 403 |\b403 \(?Forbidden/,
    samples: [
      ['dockerd 20.10.24', 'unauthorized'],
      ['dockerd 20.10.24', 'denied'],
      ['dockerd 20.10.24, blob', 'error pulling image configuration: download failed after attempts=6: unauthorized'],
      ['dockerd 28', 'Head "https://r.example/v2/app/manifests/1": no basic auth credentials'],
      ['dockerd 28', 'unauthorized: authentication required'],
      [
        'dockerd 28',
        "pull access denied for r.example/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      ],
      ['dockerd 28', 'Head "https://r.example/v2/app/manifests/1": unauthorized: incorrect username or password'],
      [
        'dockerd 29',
        'failed to resolve reference "r.example/app:1": unexpected status from HEAD request to https://r.example/v2/app/manifests/1: 403 Forbidden',
      ],
      ['podman', 'reading manifest 1 in r.example/app: requested access to the resource is denied'],
    ],
  },
  {
    kind: 'NotFound',
    match:
      /manifest unknown|name unknown|manifest for .* not found|failed to resolve (?:reference|image).*: not found$/,
    samples: [
      ['dockerd 20.10.24', 'manifest unknown'],
      ['dockerd 25.0.1', 'manifest for r.example/app:1 not found: manifest unknown: manifest unknown'],
      ['dockerd 28', 'name unknown: repository name not known to registry'],
      ['dockerd 29', 'failed to resolve reference "r.example/app:1": r.example/app:1: not found'],
      [
        'podman 4.3.1',
        'initializing source docker://r.example/app:1: reading manifest 1 in r.example/app: manifest unknown',
      ],
    ],
  },
  {
    kind: 'RegistryUnavailable',
    match:
      /dial tcp|no such host|connection re(?:fused|set)|network is unreachable|no route to host|i\/o timeout|handshake timeout|deadline exceeded|Client\.Timeout|timeout awaiting response headers|\bEOF$|x509: |tls: |server gave HTTP response to HTTPS client|failed to do request: /,
    samples: [
      ['dockerd 20.10.24', 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'],
      ['dockerd 20.10.24', 'Get "https://r.invalid/v2/": dial tcp: lookup r.invalid on 10.0.0.10:53: no such host'],
      ['dockerd 20.10.24', 'Head "http://r.example/v2/app/manifests/1": EOF'],
      [
        'dockerd 28',
        'Get "https://r.example/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
      ],
      ['dockerd 28', 'Get "https://r.example/v2/": net/http: TLS handshake timeout'],
      [
        'dockerd 28',
        'Get "https://r.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      ],
      ['dockerd 28', 'Get "https://r.example/v2/": http: server gave HTTP response to HTTPS client'],
      [
        'podman',
        'pinging container registry r.example: Get "https://r.example/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      ],
    ],
  },
  {
    // We did not cancel: the engine is going down.
    kind: 'RuntimeUnavailable',
    match: /context canceled/,
    samples: [['dockerd 20.10.24, stopped in mid-pull', 'context canceled']],
  },
];
