import { Code } from '@connectrpc/connect';
import type { FailureKind } from '@kube-prefetch/protocol';

export interface FailureRow {
  readonly kind: FailureKind;
  /** Only with this code; any code where absent. */
  readonly code?: Code;
  readonly match: RegExp;
  /** As it came, but for shortened hosts and digests. */
  readonly samples: readonly Sample[];
}

export type Sample = readonly [from: string, code: Code, text: string];

/**
 * What runtimes say when a pull fails. The first row that fits decides, so the order is part of the table: the particular
 * before the general, and "not found" last, because it ends the texts of missing blobs, platforms and web pages too.
 */
export const FAILURE_TABLE: readonly FailureRow[] = [
  {
    kind: 'RuntimeUnavailable',
    match:
      /^(?:connect|read|write) E[A-Z]+|^http\/2 stream closed|server is not initialized yet|unknown service runtime\.v1/,
    samples: [
      ['no socket', Code.Internal, 'connect ENOENT /run/containerd/containerd.sock'],
      ['nobody listens', Code.Unavailable, 'connect ECONNREFUSED /run/containerd/containerd.sock'],
      ['containerd, while it starts', Code.Unknown, 'server is not initialized yet'],
      ['containerd without CRI', Code.Unimplemented, 'unknown service runtime.v1.ImageService'],
      ['containerd 1.6.20 killed', Code.Canceled, 'http/2 stream closed with error code CANCEL (0x8)'],
    ],
  },
  {
    kind: 'NoPlatform',
    match: /no match for platform in manifest|no image found in (?:image index|manifest list) for architecture/,
    samples: [
      [
        'containerd 1.6.20',
        Code.NotFound,
        'failed to pull and unpack image "r.example/arm:v1": no match for platform in manifest: not found',
      ],
      [
        'containerd 2.4.2',
        Code.NotFound,
        'get image config descriptor: no match for platform in manifest sha256:7c76: not found',
      ],
      [
        'CRI-O 1.34.11',
        Code.Unknown,
        'choosing image instance: no image found in image index for architecture "amd64", variant "", OS "linux"',
      ],
    ],
  },
  {
    kind: 'DiskFull',
    match: /no space left on device|disk quota exceeded/,
    samples: [
      [
        'containerd 1.6.20',
        Code.Unknown,
        'failed to pull and unpack image "r.example/big:v1": failed to copy: write /var/lib/containerd/io.containerd.content.v1.content/ingest/2b0f/data: no space left on device',
      ],
      [
        'containerd 2.4.2',
        Code.Unknown,
        'failed to pull and unpack image "r.example/big:v1": failed to extract layer (application/vnd.oci.image.layer.v1.tar+gzip sha256:7c76) to overlayfs as "extract-1-x sha256:7c76": write /var/lib/containerd/1: no space left on device',
      ],
    ],
  },
  {
    kind: 'InvalidReference',
    match:
      /failed to parse image reference|invalid reference format|^cannot parse input|short name mode is enforcing|ambiguous digest string/,
    samples: [
      [
        'containerd 1.6.20',
        Code.Unknown,
        'failed to parse image reference "Bad Ref": invalid reference format: repository name must be lowercase',
      ],
      [
        'containerd 2.4.2',
        Code.Unknown,
        'failed to parse image reference "Bad Ref": invalid reference format: repository name (library/Bad Ref) must be lowercase',
      ],
      [
        'containerd 1.6.20, asked for an empty name',
        Code.Unknown,
        'can not resolve "" locally: ambiguous digest string',
      ],
      ['CRI-O 1.34.11', Code.Unknown, 'cannot parse input: "Bad Ref": invalid reference format'],
      [
        'CRI-O 1.34.11',
        Code.Unknown,
        'short name mode is enforcing, but image name nginx:latest returns ambiguous list',
      ],
    ],
  },
  {
    kind: 'RateLimited',
    match: /: 429 Too Many Requests|toomanyrequests: /,
    samples: [
      [
        'containerd 1.6.20',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve reference "r.example/app:v1": pulling from host r.example failed with status code [manifests v1]: 429 Too Many Requests',
      ],
      [
        'containerd 1.6.20, blob',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to copy: httpReadSeeker: failed open: unexpected status code https://r.example/v2/app/blobs/sha256:1b10: 429 Too Many Requests - Server message: unknown: server says',
      ],
      [
        'containerd 1.6.20, token',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve reference "r.example/app:v1": failed to authorize: failed to fetch anonymous token: unexpected status: 429 Too Many Requests',
      ],
      [
        'containerd 2.4.2',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve image: unexpected status from HEAD request to https://r.example/v2/app/manifests/v1: 429 Too Many Requests',
      ],
      ['CRI-O 1.34.11', Code.Unknown, 'reading manifest v1 in r.example/app: toomanyrequests: slow down'],
    ],
  },
  {
    kind: 'RegistryUnavailable',
    match: /\bstatus\b.*: 5\d\d [A-Z]/,
    samples: [
      [
        'containerd 1.6.20',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve reference "r.example/app:v1": pulling from host r.example failed with status code [manifests v1]: 503 Service Unavailable',
      ],
      [
        'containerd 2.4.2, blob',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://r.example/v2/app/blobs/sha256:f27d: 500 Internal Server Error\nunknown: server says',
      ],
      ['CRI-O 1.34.11', Code.Unknown, 'received unexpected HTTP status: 500 Internal Server Error'],
    ],
  },
  {
    // A proxy's or a portal's page where the manifest should be.
    kind: 'RegistryUnavailable',
    match: /\(text\/html|invalid character '<' looking for beginning of value/,
    samples: [
      [
        'containerd 1.6.20',
        Code.NotFound,
        'failed to pull and unpack image "r.example/app:v1": failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:95e4 (text/html) from remote: not found',
      ],
      ['CRI-O 1.34.11', Code.Unknown, "invalid character '<' looking for beginning of value"],
    ],
  },
  {
    kind: 'NotAnImage',
    match:
      /mismatched image rootfs and manifest layers|schema 1 image manifests|distribution\.manifest\.v1\+|: no signatures|no FSLayers in manifest|not implemented: media type/,
    samples: [
      [
        'containerd 1.6.20',
        Code.Unknown,
        'failed to pull and unpack image "r.example/chart:v1": failed to unpack image on snapshotter overlayfs: mismatched image rootfs and manifest layers',
      ],
    ],
  },
  {
    kind: 'Corrupt',
    match:
      /unexpected commit digest|Digest did not match|invalid tar header|wrong diff id calculated|does not match config's DiffID|could not fetch content descriptor .* from remote: not found|: blob unknown/,
    samples: [
      [
        'containerd 1.6.20',
        Code.FailedPrecondition,
        'failed to pull and unpack image "r.example/app:v1": failed commit on ref "config-sha256:34b8": unexpected commit digest sha256:7e76, expected sha256:34b8: failed precondition',
      ],
      [
        'containerd 2.4.2, blob missing in the registry',
        Code.NotFound,
        'failed to pull and unpack image "r.example/app:v1": failed to copy: httpReadSeeker: failed open: could not fetch content descriptor sha256:d40a (application/vnd.oci.image.config.v1+json) from remote: not found',
      ],
      ['CRI-O 1.34.11', Code.Unknown, 'Digest did not match, expected sha256:7e76, got sha256:34b8'],
      ['CRI-O 1.34.11, blob missing in the registry', Code.Unknown, 'fetching blob: blob unknown to registry'],
    ],
  },
  {
    kind: 'Unauthorized',
    match:
      /: 401 Unauthorized|: 403 Forbidden|authorization failed|pull access denied|: unauthorized|: denied|access to the resource is denied/,
    samples: [
      [
        'containerd 1.6.20',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve reference "r.example/app:v1": pulling from host r.example failed with status code [manifests v1]: 401 Unauthorized',
      ],
      [
        'containerd 2.4.2, no credentials',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve image: pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials',
      ],
      [
        'containerd 2.4.2',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve image: unexpected status from HEAD request to https://r.example/v2/app/manifests/v1: 403 Forbidden\nunknown: server says',
      ],
      ['CRI-O 1.34.11', Code.Unknown, 'reading manifest v1 in r.example/app: unauthorized: authentication required'],
      ['CRI-O 1.34.11', Code.Unknown, 'reading manifest v1 in r.example/app: denied: requested access is denied'],
    ],
  },
  {
    kind: 'RegistryUnavailable',
    match:
      /failed to do request: |^RegistryUnavailable: |dial tcp|no such host|connection refused|connection reset|i\/o timeout|unexpected EOF$|timeout awaiting response headers|x509: |server gave HTTP response to HTTPS client/,
    samples: [
      [
        'containerd 1.6.20',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to resolve reference "r.example/app:v1": failed to do request: Head "https://r.example/v2/app/manifests/v1": dial tcp 127.0.0.1:1: connect: connection refused',
      ],
      [
        'containerd 2.4.2',
        Code.Unknown,
        'failed to pull and unpack image "r.invalid/app:v1": failed to resolve image: failed to do request: Head "https://r.invalid/v2/app/manifests/v1": dial tcp: lookup r.invalid on 10.0.0.10:53: no such host',
      ],
      [
        'containerd 1.6.20, connection ended early',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": failed to read expected number of bytes: unexpected EOF',
      ],
      [
        'containerd 2.4.2, connection ended early',
        Code.Unknown,
        'failed to pull and unpack image "r.example/app:v1": short read: expected 105072 bytes but got 50000: unexpected EOF',
      ],
      ['containerd 2.4.2, no answer', Code.DeadlineExceeded, 'net/http: timeout awaiting response headers'],
      [
        'CRI-O 1.34.11',
        Code.Unknown,
        'RegistryUnavailable: pinging container registry r.example: Get "https://r.example/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      ],
    ],
  },
  {
    // We did not cancel: the runtime gave up a download from which no byte came for too long.
    kind: 'Stalled',
    code: Code.Canceled,
    match: /context canceled/,
    samples: [
      [
        'containerd 2.4.2',
        Code.Canceled,
        'failed to pull and unpack image "r.example/app:v1": failed to copy: httpReadSeeker: failed open: context canceled',
      ],
    ],
  },
  {
    kind: 'NotFound',
    match: /failed to resolve (?:reference|image).*: not found$|manifest unknown|name unknown/,
    samples: [
      [
        'containerd 1.6.20',
        Code.NotFound,
        'failed to pull and unpack image "r.example/app:none": failed to resolve reference "r.example/app:none": r.example/app:none: not found',
      ],
      [
        'containerd 2.4.2',
        Code.NotFound,
        'failed to pull and unpack image "r.example/app:none": failed to resolve image: r.example/app:none: not found',
      ],
      ['CRI-O 1.34.11', Code.Unknown, 'reading manifest none in r.example/app: manifest unknown'],
      ['CRI-O 1.34.11', Code.Unknown, 'reading manifest v1 in r.example/none: name unknown: repository name not known'],
    ],
  },
];
