import type { FailureKind } from '@kube-prefetch/protocol';

/**
 * What runtimes said, as it came but for shortened hosts and digests, or what their sources make them say, with the file that
 * does; files of the registry client and of Go are behind every runtime that uses them.
 */
export interface FailureSample {
  readonly kind: FailureKind;
  readonly from: string;
  readonly text: string;
  readonly code: number;
}

/** gRPC's. */
const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID = 3;
const DEADLINE = 4;
const NOT_FOUND = 5;
const PRECONDITION = 9;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;

const PULL = 'failed to pull and unpack image "r.example/app:v1": ';
const RESOLVE_1 = `${PULL}failed to resolve reference "r.example/app:v1": `;
const RESOLVE_2 = `${PULL}failed to resolve image: `;
const COPY = `${PULL}failed to copy: `;
const OPEN = `${COPY}httpReadSeeker: failed open: `;
const EXTRACT = `${PULL}failed to extract layer (application/vnd.oci.image.layer.v1.tar+gzip sha256:7c76) to overlayfs as "extract-1-x sha256:7c76": `;
const HEAD_2 = `${RESOLVE_2}unexpected status from HEAD request to https://r.example/v2/app/manifests/v1: `;
const GET_BLOB = `${OPEN}unexpected status from GET request to https://r.example/v2/app/blobs/sha256:1b10: `;
const DO = `${RESOLVE_2}failed to do request: Head "https://r.example/v2/app/manifests/v1": `;
const TOKEN = `${RESOLVE_2}failed to authorize: failed to fetch anonymous token: `;
const CRIO = 'unable to pull image or OCI artifact: pull image err: ';
/** Since 1.37 of what failed for the network or a cancelled context: it is not tried as an artifact. */
const CRIO_IMAGE = 'unable to pull image: ';
const CRIO_READ = `${CRIO}initializing source docker://r.example/app:v1: reading manifest v1 in r.example/app: `;
const CRIO_COPY = `${CRIO}copying system image from manifest list: `;
const NO_ARTIFACT = '; artifact err: image reference: reference is a container image, not an OCI artifact';
const CRIO_SOURCE = '; artifact err: image reference: get manifest from ref: create image source: ';
const GET_V2 = 'Get "https://r.example/v2/": ';

type Row = readonly [from: string, text: string, code?: number];

const SAMPLES: Partial<Record<FailureKind, readonly Row[]>> = {
  RuntimeUnavailable: [
    ['no socket', 'connect ENOENT /run/containerd/containerd.sock', INTERNAL],
    ['nobody listens', 'connect ECONNREFUSED /run/containerd/containerd.sock', UNAVAILABLE],
    ['containerd, while it starts', 'server is not initialized yet'],
    ['containerd without CRI', 'unknown service runtime.v1.ImageService', UNIMPLEMENTED],
    ['containerd 1.6.20 killed', 'http/2 stream closed with error code CANCEL (0x8)', CANCELLED],
    [
      'a snapshotter in a process of its own, google.golang.org/grpc clientconn.go',
      `${PULL}failed to prepare extraction snapshot "extract-1 sha256:7c76": connection error: desc = "transport: Error while dialing: dial unix /run/containerd-stargz-grpc/containerd-stargz-grpc.sock: connect: connection refused": unavailable`,
      UNAVAILABLE,
    ],
    ['google.golang.org/grpc, a snapshotter ends', `${PULL}failed to stat snapshot sha256:7c76: transport is closing`],
    ['CRI-O 1.37 server/image_pull.go', 'pullImage was aborted by a Go panic'],
    ['go.podman.io/image 5.42 copy/single.go', `${CRIO_COPY}Internal error: unexpected panic in copyLayer`],
    ['CRI-O 1.37 internal/storage/image.go', 'pull child finished successfully but didn’t send a result'],
    ['EIO, core/unpack/unpacker.go', `${EXTRACT}write /var/lib/containerd/1: input/output error`],
    [
      'EROFS',
      `${COPY}open /var/lib/containerd/io.containerd.content.v1.content/ingest/2b0f/data: read-only file system`,
    ],
    [
      'ENOMEM',
      `${EXTRACT}mount source: "overlay", target: "/var/lib/x", fstype: overlay, flags: 0, data: "", err: cannot allocate memory`,
    ],
    ['EMFILE', `${DO}dial tcp: lookup r.example: socket: too many open files`],
    ['ESTALE', 'failed to register layer: open /var/lib/docker/x: stale NFS file handle'],
    ['EUCLEAN', 'failed to register layer: mkdir /var/lib/docker/x: structure needs cleaning'],
    ['ENOTCONN, a FUSE snapshotter', `${EXTRACT}lstat /var/lib/x: transport endpoint is not connected`],
    ['go.etcd.io/bbolt, while containerd ends', `${PULL}failed to stat snapshot sha256:7c76: database not open`],
    ['go.podman.io/storage 1.65 errors.go', `${CRIO_COPY}error loading storage metadata`],
    ['dockerd 20.10.24, stopped in mid-pull', 'context canceled'],
    ['the kernel, when memory runs out', 'signal: killed'],
    ['EACCES', `${COPY}open /var/lib/containerd/io.containerd.content.v1.content/ingest/2b0f/data: permission denied`],
    [
      'containerd 1.7.35 image_pull.go',
      'failed to update image store "r.example/app:v1": get image by reference: timeout',
    ],
    [
      'containerd 2.4.2 core/remotes/docker/config/hosts.go',
      `${RESOLVE_2}unable to load CA cert "/etc/containerd/certs.d/r.example/ca.crt"`,
    ],
    [
      'go.podman.io/image 5.42 docker/docker_client.go',
      `${CRIO}loading registries: toml: line 3: expected key separator`,
    ],
    [
      'go.podman.io/image 5.42 storage/storage_dest.go',
      `${CRIO_COPY}creating temporary file "/var/tmp/x/1": permission denied`,
    ],
  ],

  RateLimited: [
    [
      'containerd 1.6.20',
      `${RESOLVE_1}pulling from host r.example failed with status code [manifests v1]: 429 Too Many Requests`,
    ],
    [
      'containerd 1.6.20, blob',
      `${OPEN}unexpected status code https://r.example/v2/app/blobs/sha256:1b10: 429 Too Many Requests - Server message: unknown: server says`,
    ],
    [
      'containerd 1.6.20, token',
      `${RESOLVE_1}failed to authorize: failed to fetch anonymous token: unexpected status: 429 Too Many Requests`,
    ],
    ['containerd 2.4.2', `${HEAD_2}429 Too Many Requests`],
    ['containerd 2.4.2, blob', `${GET_BLOB}429 Too Many Requests\ntoomanyrequests: no space left on device`],
    [
      'containerd 2.4.2, token',
      `${TOKEN}unexpected status from GET request to https://auth.example/token?scope=repository%3Aapp%3Apull: 429 Too Many Requests`,
    ],
    ['CRI-O 1.34.11', `${CRIO_READ}toomanyrequests: slow down`],
    [
      'CRI-O 1.37.0',
      `${CRIO_READ}toomanyrequests: slow down${CRIO_SOURCE}reading manifest v1 in r.example/app: toomanyrequests: slow down`,
    ],
    [
      'go.podman.io/image 5.42 docker/errors.go',
      `${CRIO}pinging container registry r.example: too many requests to registry`,
    ],
    ['go.podman.io/image 5.42, default message', `${CRIO_READ}too many requests`],
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
      'dockerd 28, a page',
      'error parsing HTTP 429 response body: invalid character \'<\' looking for beginning of value: "<html>"',
    ],
    [
      'dockerd 29',
      'failed to resolve reference "r.example/app:v1": unexpected status from HEAD request to https://r.example/v2/app/manifests/v1: 429 Too Many Requests',
    ],
    ['moby 2.0-beta.24 daemon/containerd/registry_errors.go', 'error from registry: too many requests'],
    [
      'podman 4.3.1',
      'initializing source docker://r.example/app:v1: reading manifest v1 in r.example/app: toomanyrequests: slow down',
    ],
  ],

  Unauthorized: [
    ['containerd 2.4.2, credentials without a colon', 'invalid decoded auth: "reader\\x00"'],
    ['containerd 2.4.2, credentials that are no base64', 'illegal base64 data at input byte 4'],
    [
      'containerd 1.6.20',
      `${RESOLVE_1}pulling from host r.example failed with status code [manifests v1]: 401 Unauthorized`,
    ],
    [
      'containerd 2.4.2, no credentials',
      `${RESOLVE_2}pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials`,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/authorizer.go',
      `${RESOLVE_2}pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`,
    ],
    ['containerd 2.4.2', `${HEAD_2}403 Forbidden\nunknown: server says`],
    [
      'containerd 2.4.2, a body that names a disk',
      `${HEAD_2}403 Forbidden\ndenied: no space left on device: not found`,
    ],
    ['a registry that wants to be paid', `${HEAD_2}402 Payment Required`],
    ['a registry that may not', `${HEAD_2}451 Unavailable For Legal Reasons`],
    [
      'containerd 2.4.2, token',
      `${RESOLVE_2}failed to authorize: failed to fetch oauth token: unexpected status from POST request to https://auth.example/token: 401 Unauthorized`,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/authorizer.go',
      `${RESOLVE_2}failed to authorize: failed to find supported auth scheme: negotiate: not implemented`,
      UNIMPLEMENTED,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/authorizer.go',
      `${RESOLVE_2}failed to authorize: failed to handle basic auth because missing username or secret`,
    ],
    ['CRI-O 1.34.11', `${CRIO_READ}unauthorized: authentication required`],
    [
      'CRI-O 1.37.0, docker-registry with htpasswd',
      `${CRIO_READ}authentication required${CRIO_SOURCE}reading manifest v1 in r.example/app: authentication required`,
    ],
    [
      'CRI-O 1.37.0, a token server',
      `${CRIO}initializing source docker://r.example/app:v1: unable to retrieve auth token: invalid username/password: unauthorized: wrong credentials`,
    ],
    ['CRI-O 1.34.11', `${CRIO_READ}denied: requested access is denied`],
    [
      'CRI-O 1.34.11, default messages',
      `${CRIO_READ}requested access to the resource is denied; artifact err: pull artifact: authentication required`,
    ],
    [
      'go.podman.io/image 5.42 docker/errors.go',
      `${CRIO}Requesting bearer token: unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password`,
    ],
    ['go.podman.io/image 5.42 docker/docker_client.go', `${CRIO_READ}StatusCode: 403, "<html>"`],
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
      'dockerd 28 distribution/pull_v2.go, a page',
      'error parsing HTTP 403 response body: invalid character \'<\' looking for beginning of value: "<html>"',
    ],
    ['docker/distribution 2.8.3 registry/client/auth/session.go', `${GET_V2}no supported grant type`],
    [
      'dockerd 29',
      'failed to resolve reference "r.example/app:1": unexpected status from HEAD request to https://r.example/v2/app/manifests/1: 403 Forbidden',
    ],
    [
      'moby 2.0-beta.24 daemon/containerd/image_pull.go',
      "pull access denied for r.example/app, repository does not exist or may require 'docker login'",
    ],
    [
      'dockerd 28.5.2 daemon/containerd/registry_errors.go, token server',
      'authentication required - incorrect username or password',
    ],
    ['podman', 'reading manifest 1 in r.example/app: requested access to the resource is denied'],
    [
      'CRI-O 1.37, signature/policy_eval_sigstore.go',
      'SignatureValidationFailed: unable to pull image or OCI artifact: pull image err: copying system image from manifest list: Source image rejected: A signature was required, but no signature exists; artifact err: pull artifact: Source image rejected: A signature was required, but no signature exists',
    ],
    [
      'go.podman.io/image 5.42 copy/single.go',
      `${CRIO}Source image rejected: A signature was required, but no signature exists`,
    ],
    [
      'go.podman.io/image 5.42 signature/policy_eval_signedby.go',
      `${CRIO_COPY}Source image rejected: None of the signatures were accepted, reasons: Signature for digest sha256:7c76 does not match; Signature for identity "r.example/app" is not accepted`,
    ],
    [
      'go.podman.io/image 5.42 signature/policy_eval_simple.go',
      `${CRIO}Source image rejected: Running image docker://r.example/app:v1 is rejected by policy.`,
    ],
    [
      'go.podman.io/image 5.42 docker/docker_client.go',
      `${CRIO}registry r.example is blocked in /etc/containers/registries.conf`,
    ],
    [
      'containerd 2.4.2 core/transfer/local/pull.go',
      'image verifier bindir blocked pull of r.example/app:v1 with digest sha256:7c76 for reason: no signature: not found',
    ],
    [
      'containerd 2.4.2 core/transfer/local/pull.go',
      'blocking pull of r.example/app:v1 with digest sha256:7c76: image verifier bindir returned error: exit status 2',
    ],
    ['ocicrypt, an encrypted layer', `${EXTRACT}call to ctd-decoder: missing private key needed for decryption`],
    [
      'go.podman.io/image 5.42 copy/encryption.go',
      `${CRIO_COPY}decrypting layer sha256:7c76: no suitable key unwrapper found or none of the private keys could be used for decryption`,
    ],
  ],

  NotFound: [
    [
      'containerd 1.6.20',
      'failed to pull and unpack image "r.example/app:none": failed to resolve reference "r.example/app:none": r.example/app:none: not found',
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2',
      'failed to pull and unpack image "r.example/app:none": failed to resolve image: r.example/app:none: not found',
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/resolver.go, the manifest of a tag',
      `${OPEN}content at https://r.example/v2/app/manifests/sha256:7c76 not found: not found`,
      NOT_FOUND,
    ],
    ['a registry that forgot it', `${HEAD_2}410 Gone`],
    ['CRI-O 1.34.11', `${CRIO_READ}manifest unknown`],
    [
      'CRI-O 1.37.0',
      `${CRIO_READ}manifest unknown${CRIO_SOURCE}reading manifest v1 in r.example/app: manifest unknown`,
    ],
    ['CRI-O 1.34.11', `${CRIO_READ}name unknown: repository name not known`],
    [
      'CRI-O 1.37, with mirrors',
      `${CRIO}initializing source docker://r.example/app:v1: (Mirrors also failed: [m.example/app:v1: pinging container registry m.example: Get "https://m.example/v2/": dial tcp 127.0.0.1:1: connect: connection refused]): r.example/app:v1: reading manifest v1 in r.example/app: manifest unknown`,
    ],
    [
      'CRI-O 1.37, refused by a mirror',
      `RegistryUnavailable: ${CRIO}initializing source docker://r.example/app:v1: (Mirrors also failed: [m.example/app:v1: dial tcp 127.0.0.1:1: connect: connection refused]): r.example/app:v1: reading manifest v1 in r.example/app: manifest unknown; artifact err: pull artifact: manifest unknown`,
    ],
    ['go.podman.io/image 5.42 docker/errors.go', `${CRIO_READ}StatusCode: 404, "no such image"`],
    ['go.podman.io/image 5.42, default message', `${CRIO_READ}repository name not known to registry`],
    [
      'CRI-O 1.37, as an image and as an artifact',
      `${CRIO_READ}manifest unknown; artifact err: no space left on device`,
    ],
    ['dockerd 20.10.24', 'manifest unknown'],
    ['dockerd 25.0.1', 'manifest for r.example/app:1 not found: manifest unknown: manifest unknown'],
    ['dockerd 28', 'name unknown: repository name not known to registry'],
    [
      'dockerd 28 distribution/errors.go',
      'repository r.example/app not found: name unknown: repository name not known to registry',
    ],
    ['dockerd 28 distribution/pull_v2.go', 'image manifest does not exist for tag or digest "v1"'],
    ['dockerd 29', 'failed to resolve reference "r.example/app:1": r.example/app:1: not found'],
    [
      'podman 4.3.1',
      'initializing source docker://r.example/app:1: reading manifest 1 in r.example/app: manifest unknown',
    ],
  ],

  RegistryUnavailable: [
    [
      'containerd 2.4.2, an error text of 36 KiB',
      'http/2 stream closed: Stream closed with error code NGHTTP2_INTERNAL_ERROR',
      UNAVAILABLE,
    ],
    [
      'containerd 1.6.20',
      `${RESOLVE_1}pulling from host r.example failed with status code [manifests v1]: 503 Service Unavailable`,
    ],
    ['containerd 2.4.2, blob', `${GET_BLOB}500 Internal Server Error\nunknown: server says`],
    [
      'containerd 2.4.2, a body that names a disk',
      `${GET_BLOB}500 Internal Server Error\nunknown: write /var/lib/registry/x: no space left on device`,
    ],
    ['containerd 2.4.2, a status without a name', `${HEAD_2}521 `],
    [
      'containerd 2.4.2 core/remotes/docker/fetcher.go',
      `${COPY}unexpected HEAD status code https://r.example/v2/app/blobs/sha256:7c76: 504 Gateway Timeout`,
    ],
    ['a proxy that speaks no HEAD', `${HEAD_2}405 Method Not Allowed`],
    ['a mirror that does not know the repository', `${HEAD_2}400 Bad Request`],
    [
      'containerd 2.4.2, token',
      `${TOKEN}unexpected status from GET request to https://auth.example/token: 502 Bad Gateway`,
    ],
    ['CRI-O 1.34.11', `${CRIO_READ}received unexpected HTTP status: 500 Internal Server Error`],
    ['dockerd 20.10.24', 'received unexpected HTTP status: 500 Internal Server Error'],
    [
      'dockerd 20.10.24, blob',
      'error pulling image configuration: download failed after attempts=6: received unexpected HTTP status: 503 Service Unavailable',
    ],
    [
      'docker/distribution 2.8.3 registry/client/transport/http_reader.go',
      'error pulling image configuration: download failed after attempts=6: unexpected status resolving reader: 500 Internal Server Error',
    ],
    [
      'dockerd 29',
      'failed to resolve reference "r.example/app:1": unexpected status from HEAD request to https://r.example/v2/app/manifests/1: 502 Bad Gateway',
    ],
    [
      'older podman',
      'reading manifest v1 in r.example/app: invalid status code from registry 503 (Service Unavailable)',
    ],

    [
      'containerd 1.6.20, a page',
      `${OPEN}could not fetch content descriptor sha256:95e4 (text/html) from remote: not found`,
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2 core/images/image.go, a page',
      'get image config descriptor: unexpected media type text/html for sha256:95e4: not found',
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2, a text',
      'get image config descriptor: unexpected media type text/plain; charset=utf-8 for sha256:95e4: not found',
      NOT_FOUND,
    ],
    [
      'CRI-O 1.34.11, a page',
      `${CRIO}initializing image from source docker://r.example/app:v1: invalid character '<' looking for beginning of value`,
    ],
    ['dockerd 20.10.24, a page', "error unmarshalling content: invalid character '<' looking for beginning of value"],
    ['dockerd 28, a page', 'unsupported manifest media type and no default available: text/html'],
    [
      'podman 4.3.1, a page',
      'error parsing HTTP 404 response body: invalid character \'<\' looking for beginning of value: "<!DOCTYPE HTML>"',
    ],
    [
      'containerd 2.4.2 core/remotes/docker/auth/fetch.go',
      `${TOKEN}unable to decode token response: invalid character '<' looking for beginning of value`,
    ],
    ['containerd 2.4.2 core/remotes/docker/auth/fetch.go', `${TOKEN}unable to decode token response: unexpected EOF`],
    [
      'containerd 2.4.2 core/remotes/docker/auth/fetch.go',
      `${TOKEN}authorization server did not include a token in the response`,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/auth/fetch.go',
      `${RESOLVE_2}failed to authorize: no realm specified for token auth challenge`,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/auth/fetch.go',
      `${RESOLVE_2}failed to authorize: invalid token auth challenge realm: parse "::": missing protocol scheme`,
    ],
    ['go.podman.io/image 5.42 docker/docker_client.go', `${CRIO_READ}missing realm in bearer auth challenge`],
    [
      'go.podman.io/image 5.42 docker/docker_client.go',
      `${CRIO_READ}decoding bearer token (last URL "https://auth.example/token", body start "denied: "): invalid character 'd' looking for beginning of value`,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/resolver.go',
      `${RESOLVE_2}"sha256:x" in header not a valid digest: invalid checksum digest length`,
    ],
    [
      'containerd 2.4.2 core/remotes/handlers.go',
      `${PULL}unable to fetch descriptor (sha256:7c76) which reports content size of zero: invalid argument`,
      INVALID,
    ],
    ['docker/distribution 2.8.3 errcode/register.go', 'unavailable: service unavailable'],
    ['go.podman.io/image 5.42, default message', `${CRIO_READ}The operation is unsupported.`],
    ['docker/distribution 2.8.3 errcode, words of its own', 'unknown: Artifact could not be found'],
    ['docker/distribution 2.8.3 errcode, default message', 'unknown error'],

    [
      'containerd 1.6.20',
      `${RESOLVE_1}failed to do request: Head "https://r.example/v2/app/manifests/v1": dial tcp 127.0.0.1:1: connect: connection refused`,
    ],
    ['containerd 2.4.2', `${DO}dial tcp: lookup r.example on 10.0.0.10:53: no such host`],
    ['net/dnsclient_unix.go', `${DO}dial tcp: lookup r.example on 10.0.0.10:53: server misbehaving`],
    [
      'net/dnsclient_unix.go',
      `${DO}dial tcp: lookup r.example on 10.0.0.10:53: read udp 10.0.0.5:40000->10.0.0.10:53: i/o timeout`,
    ],
    ['net/cgo_unix.go', `${DO}dial tcp: lookup r.example: Temporary failure in name resolution`],
    ['net, ENETUNREACH', `${DO}dial tcp 192.0.2.1:443: connect: network is unreachable`],
    ['net, EHOSTUNREACH', `${DO}dial tcp 192.0.2.1:443: connect: no route to host`],
    ['net, EHOSTDOWN', `${DO}dial tcp 192.0.2.1:443: connect: host is down`],
    ['net, a firewall of the node', `${DO}dial tcp 192.0.2.1:443: connect: permission denied`],
    ['net, ETIMEDOUT', `${COPY}read tcp 10.0.0.5:40000->192.0.2.1:443: read: connection timed out`],
    ['net, ECONNRESET', `${COPY}read tcp 10.0.0.5:40000->192.0.2.1:443: read: connection reset by peer`],
    ['net, EPIPE', `${DO}write tcp 10.0.0.5:40000->192.0.2.1:443: write: broken pipe`],
    ['net, ErrClosed', `${COPY}read tcp 10.0.0.5:40000->192.0.2.1:443: use of closed network connection`],
    [
      'net/http/transport.go, token',
      `${TOKEN}Get "https://auth.example/token?service=r.example": net/http: TLS handshake timeout`,
    ],
    ['net/http/transport.go', 'net/http: timeout awaiting response headers', DEADLINE],
    ['net/http/client.go', `${DO}context deadline exceeded (Client.Timeout exceeded while awaiting headers)`, DEADLINE],
    ['net/http/transport.go', `${DO}http: server gave HTTP response to HTTPS client`],
    ['net/http/transport.go', `${DO}http: server closed idle connection`],
    ['net/http/transport.go', `${DO}net/http: HTTP/1.x transport connection broken: malformed HTTP status code "abc"`],
    ['net/http/transport.go', `${DO}net/http: server response headers exceeded 10485760 bytes; aborted`],
    ['net/http/internal/chunked.go', `${COPY}malformed chunked encoding`],
    [
      'net/http/h2_bundle.go',
      `${COPY}http2: server sent GOAWAY and closed the connection; LastStreamID=1, ErrCode=NO_ERROR, debug=""`,
    ],
    ['net/http/h2_bundle.go', `${COPY}stream error: stream ID 5; INTERNAL_ERROR; received from peer`],
    ['net/http/h2_bundle.go', `${COPY}http2: client connection lost`],
    ['net/http/h2_bundle.go', `${COPY}connection error: PROTOCOL_ERROR`],
    ['net/http/client.go', `${DO}stopped after 10 redirects`],
    ['net/http/transport.go, a proxy', `${DO}proxyconnect tcp: tls: first record does not look like a TLS handshake`],
    ['net/http/transport.go, a proxy', `${DO}Proxy Authentication Required`],
    ['net/http/transport.go, a mirror', `${DO}unsupported protocol scheme "htps"`],
    ['crypto/tls/conn.go', `${DO}tls: first record does not look like a TLS handshake`],
    ['crypto/tls/alert.go', `${DO}remote error: tls: handshake failure`],
    ['crypto/x509/verify.go', `${DO}tls: failed to verify certificate: x509: certificate signed by unknown authority`],
    [
      'crypto/x509/verify.go, Go before 1.20',
      `${DO}x509: certificate has expired or is not yet valid: current time 2026-11-27T00:00:00Z is after 2026-01-01T00:00:00Z`,
    ],
    ['containerd 2.4.2 core/remotes/docker/fetcher.go', `${COPY}no pull hosts: not found`, NOT_FOUND],
    ['containerd 1.6.20, connection ended early', `${PULL}failed to read expected number of bytes: unexpected EOF`],
    [
      'containerd 2.4.2, connection ended early',
      `${PULL}short read: expected 105072 bytes but got 50000: unexpected EOF`,
    ],
    ['containerd 2.4.2', `${DO}EOF`],
    ['containerd 2.4.2 core/remotes/docker/resolver.go', `${OPEN}unhandled content range in response: bytes 0-1/2`],
    ['containerd 2.4.2, something new of the fetcher', `${OPEN}the moon is in the wrong phase`],
    [
      'CRI-O 1.34.11',
      `RegistryUnavailable: ${CRIO}pinging container registry r.example: ${GET_V2}dial tcp 127.0.0.1:1: connect: connection refused`,
    ],
    [
      'CRI-O 1.37.0',
      `RegistryUnavailable: ${CRIO_IMAGE}initializing source docker://r.example/app:v1: pinging container registry r.example: ${GET_V2}dial tcp 127.0.0.1:1: connect: connection refused`,
    ],
    [
      'CRI-O 1.37.0, an unknown host',
      `${CRIO_IMAGE}initializing source docker://r.example/app:v1: pinging container registry r.example: ${GET_V2}dial tcp: lookup r.example on 10.0.0.10:53: no such host`,
    ],
    [
      'CRI-O 1.37.0, a connection that ends',
      `${CRIO}writing blob: storing blob to file "/var/tmp/x/1": happened during read: unexpected EOF (after reconnecting, server did not process a Range: header, status 200)${NO_ARTIFACT}`,
    ],
    [
      'CRI-O 1.37, copy/blob.go',
      `${CRIO}writing blob: storing blob to file "/var/tmp/container_images_storage1/1": happened during read: read tcp 10.0.0.5:40000->192.0.2.1:443: read: connection reset by peer`,
    ],
    [
      'go.podman.io/image 5.42 docker/body_reader.go',
      `${CRIO}writing blob: storing blob to file "/var/tmp/x/1": happened during read: (heuristic tuning data: total 9 @1.000 ms, last retry 0 @0.000 ms, last progress @ 0.000 ms): unexpected EOF`,
    ],
    [
      'go.podman.io/image 5.42 docker/body_reader.go',
      `${CRIO}writing blob: storing blob to file "/var/tmp/x/1": happened during read: unexpected EOF (while reconnecting: ${GET_V2}dial tcp 127.0.0.1:1: connect: connection refused)`,
    ],
    [
      'go.podman.io/image 5.42 docker/docker_client.go',
      `${CRIO}copying config: reading config blob sha256:7c76: fetching blob: Missing "Content-Length" header in response`,
    ],
    ['cri-dockerd core/image.go', 'RegistryUnavailable: <html><body>502</body></html>'],
    ['dockerd 20.10.24', 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'],
    ['dockerd 20.10.24', 'Get "https://r.invalid/v2/": dial tcp: lookup r.invalid on 10.0.0.10:53: no such host'],
    ['dockerd 20.10.24', 'Head "http://r.example/v2/app/manifests/1": EOF'],
    [
      'dockerd 28',
      `${GET_V2}net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`,
    ],
    ['dockerd 28', `${GET_V2}context deadline exceeded`],
    ['dockerd 28', `${GET_V2}net/http: TLS handshake timeout`],
    ['dockerd 28', `${GET_V2}tls: failed to verify certificate: x509: certificate signed by unknown authority`],
    ['dockerd 28', `${GET_V2}http: server gave HTTP response to HTTPS client`],
    ['docker/distribution 2.8.3 registry/client/repository.go', 'missing or empty Content-Type header'],
    [
      'docker/distribution 2.8.3 registry/client/transport/http_reader.go',
      'error pulling image configuration: download failed after attempts=6: expected HTTP 206 from byte range request',
    ],
    ['dockerd 28 distribution/pull.go', 'no endpoints found for r.example/app'],
    ['podman', `pinging container registry r.example: ${GET_V2}dial tcp 127.0.0.1:1: connect: connection refused`],
  ],

  NoPlatform: [
    [
      'containerd 1.6.20',
      'failed to pull and unpack image "r.example/arm:v1": no match for platform in manifest: not found',
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2',
      'get image config descriptor: no match for platform in manifest sha256:7c76: not found',
      NOT_FOUND,
    ],
    ['containerd 2.4.2 core/images/handlers.go', `${PULL}image might be filtered out`],
    [
      'containerd 2.4.2 client/image.go',
      `${PULL}failed to unpack image on snapshotter overlayfs: snapshotter overlayfs does not support platform windows/amd64 for image sha256:7c76`,
    ],
    [
      'CRI-O 1.34.11',
      `${CRIO}choosing an image from manifest list docker://r.example/app:v1: no image found in image index for architecture "amd64", variant "", OS "linux"`,
    ],
    [
      'CRI-O 1.37.0',
      `${CRIO}choosing an image from manifest list docker://r.example/app:v1: no image found in image index for architecture "amd64", variant "", OS "linux"; artifact err: image reference: choose manifest instance: no image found in image index for architecture "amd64", variant "", OS "linux"`,
    ],
    [
      'go.podman.io/image 5.42 internal/manifest/docker_schema2_list.go',
      `${CRIO}choosing an image from manifest list docker://r.example/app:v1: no image found in manifest list for architecture "amd64", variant "", OS "linux"`,
    ],
    ['dockerd 20.10.24', 'no matching manifest for linux/amd64 in the manifest list entries'],
    ['dockerd 20.10.24, no index', 'image operating system "windows" cannot be used on this platform'],
    ['moby 2.0-beta.24 daemon/internal/image/image_os.go', 'operating system is not supported'],
    [
      'dockerd 28 distribution/pull_v2.go',
      'cannot download image with operating system "windows" when requesting "linux"',
    ],
    ['dockerd 29', 'failed to resolve reference "r.example/arm:1": no match for platform in manifest: not found'],
    [
      'moby 2.0-beta.24 daemon/containerd/image_pull.go',
      'no matching manifest for linux/amd64 in the manifest list entries: no match for platform in manifest: not found',
    ],
    ['podman 4.3.1', 'no image found in image index for architecture amd64, variant "", OS linux'],
  ],

  InvalidReference: [
    [
      'containerd 1.6.20',
      'failed to parse image reference "Bad Ref": invalid reference format: repository name must be lowercase',
    ],
    [
      'containerd 2.4.2',
      'failed to parse image reference "Bad Ref": invalid reference format: repository name (library/Bad Ref) must be lowercase',
    ],
    ['containerd 1.6.20, asked for an empty name', 'can not resolve "" locally: ambiguous digest string'],
    ['CRI-O 1.34.11', 'cannot parse input: "Bad Ref": invalid reference format'],
    ['CRI-O 1.34.11', 'short name mode is enforcing, but image name nginx:latest returns ambiguous list'],
    [
      'go.podman.io/image 5.42 pkg/shortnames/shortnames.go',
      'short-name "app" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"',
    ],
    [
      'go.podman.io/image 5.42 docker/docker_transport.go',
      `${CRIO}Docker references with both a tag and digest are currently not supported`,
    ],
    ['docker/distribution 2.8.3 registry/api/v2/errors.go', 'name invalid: invalid repository name'],
    ['containerd 2.4.2 pkg/reference/reference.go', 'hostname required'],
    ['dockerd 20.10.24', 'invalid reference format: repository name must be lowercase'],
    ['dockerd 20.10.24', 'invalid tag format'],
    ['dockerd 20.10.24', 'invalid repository name (aaaa), cannot specify 64-byte hexadecimal strings'],
    ['dockerd 28', 'invalid reference format: repository name (library/Nginx) must be lowercase'],
    ['moby 2.0-beta.24 daemon/server/router/image/image_routes.go', "'scratch' is a reserved name"],
  ],

  DiskFull: [
    [
      'containerd 1.6.20',
      `${COPY}write /var/lib/containerd/io.containerd.content.v1.content/ingest/2b0f/data: no space left on device`,
    ],
    ['containerd 2.4.2', `${EXTRACT}write /var/lib/containerd/1: no space left on device`],
    ['EDQUOT', `${EXTRACT}write /var/lib/containerd/1: disk quota exceeded`],
    [
      'CRI-O 1.37, storage/storage_dest.go',
      `${CRIO}writing blob: adding layer with blob "sha256:7c76": unpacking failed (error: exit status 1; output: write /usr/lib/libx.so: no space left on device)`,
    ],
    [
      'CRI-O 1.37, an artifact',
      `${CRIO}initializing image from source docker://r.example/app:v1: unsupported image-specific operation on artifact with type "application/x"; artifact err: pull artifact: write /var/lib/containers/storage/artifacts/x: no space left on device`,
    ],
    ['dockerd 20.10.24, download', 'write /var/lib/docker/tmp/GetImageBlob4007616630: no space left on device'],
    [
      'dockerd 20.10.24, unpack',
      'failed to register layer: Error processing tar file(exit status 1): write /ballast/0: no space left on device',
    ],
    ['dockerd 28, unpack', 'failed to register layer: write /usr/lib/libx.so: no space left on device'],
  ],

  Stalled: [
    ['containerd 2.4.2', `${OPEN}context canceled`, CANCELLED],
    [
      'containerd 2.4.2, no answer',
      `${OPEN}failed to do request: Get "https://r.example/v2/app/blobs/sha256:7c76": context canceled`,
      CANCELLED,
    ],
    ['CRI-O 1.34.11', `${CRIO}writing blob: storing blob to file "/var/tmp/x/1": context canceled`, CANCELLED],
    [
      'CRI-O 1.37.0 with a pull_progress_timeout',
      `${CRIO_IMAGE}writing blob: storing blob to file "/var/tmp/x/1": happened during read: context canceled`,
      CANCELLED,
    ],
  ],

  Corrupt: [
    [
      'containerd 1.6.20',
      `${PULL}failed commit on ref "config-sha256:34b8": unexpected commit digest sha256:7e76, expected sha256:34b8: failed precondition`,
      PRECONDITION,
    ],
    [
      'containerd 2.4.2 plugins/content/local/writer.go',
      `${PULL}failed commit on ref "layer-sha256:34b8": unexpected commit size 105072, expected 50000: failed precondition`,
      PRECONDITION,
    ],
    [
      'containerd 2.4.2 core/content/helpers.go',
      `${PULL}read exceeds expected size 50000: failed precondition`,
      PRECONDITION,
    ],
    [
      'containerd 2.4.2 core/remotes/docker/httpreadseeker.go',
      `${COPY}httpReadSeeker: read past expected size 50000: failed precondition`,
      PRECONDITION,
    ],
    [
      'containerd 2.4.2, blob missing in the registry',
      `${OPEN}could not fetch content descriptor sha256:d40a (application/vnd.oci.image.config.v1+json) from remote: not found`,
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2 core/unpack/unpacker.go',
      `${PULL}wrong diff id "sha256:7c76" calculated on extraction "sha256:7e76", desc "sha256:34b8"`,
    ],
    ['containerd 1.7.35 pkg/unpack/unpacker.go', `${PULL}wrong diff id calculated on extraction "sha256:7c76"`],
    ['archive/tar', `${EXTRACT}archive/tar: invalid tar header: unknown`],
    ['compress/gzip', `${EXTRACT}gzip: invalid header: unknown`],
    ['compress/flate', `${EXTRACT}flate: corrupt input before offset 17: unknown`],
    ['klauspost/compress zstd', `${EXTRACT}magic number mismatch: unknown`],
    ['unpigz', `${EXTRACT}exit status 1: unpigz: skipping: <stdin>: corrupted -- crc32 mismatch: unknown`],
    ['a layer that ends early', `${EXTRACT}unexpected EOF: unknown`],
    ['containerd 2.4.2 pkg/archive/tar.go', `${EXTRACT}unhandled tar header type 83: unknown`],
    [
      'EPERM in a user namespace, pkg/archive/tar.go',
      `${EXTRACT}failed to Lchown "/x" for UID 70000, GID 0: lchown /x: operation not permitted (Hint: try increasing the number of subordinate IDs in /etc/subuid and /etc/subgid): unknown`,
    ],
    [
      'containerd 2.4.2 core/mount/mount_linux.go',
      `${PULL}failed to prepare extraction snapshot "extract-1 sha256:7c76": mount options is too long`,
    ],
    [
      'containerd 2.4.2 core/snapshots/storage/bolt.go',
      `${PULL}unable to prepare extraction snapshot: missing parent "sha256:7c76" bucket: not found`,
    ],
    [
      'a layer that was deleted meanwhile, plugins/content/local/store.go',
      'content digest sha256:7c76: not found',
      NOT_FOUND,
    ],
    ['CRI-O 1.34.11', `${CRIO}writing blob: Digest did not match, expected sha256:7e76, got sha256:34b8`],
    [
      'CRI-O 1.37.0, blob missing in the registry',
      `${CRIO}reading blob sha256:7c76: fetching blob: blob unknown${NO_ARTIFACT}`,
    ],
    ['CRI-O 1.34.11, blob missing in the registry', `${CRIO}writing blob: fetching blob: blob unknown to registry`],
    [
      'go.podman.io/image 5.42 storage/storage_dest.go',
      `${CRIO}committing the finished image: layer 0 (blob "sha256:7c76") does not match config's DiffID "sha256:7e76"`,
    ],
    ['go.podman.io/image 5.42 storage/storage_dest.go', `${CRIO}writing blob: blob size mismatch`],
    [
      'go.podman.io/image 5.42 internal/image/unparsed.go',
      `${CRIO}Manifest does not match provided manifest digest sha256:7c76`,
    ],
    [
      'go.podman.io/storage 1.65 pkg/chrootarchive/archive_unix.go',
      `${CRIO}adding layer with blob "sha256:7c76": unpacking failed (error: exit status 1; output: archive/tar: invalid tar header)`,
    ],
    ['go.podman.io/storage 1.65 errors.go', `${CRIO}committing the finished image: layer not known`],
    [
      'docker/distribution 2.8.3 registry/api/v2/errors.go',
      'manifest unverified: manifest failed signature verification',
    ],
    [
      'dockerd 20.10.24, configuration',
      'error pulling image configuration: image config verification failed for digest sha256:2887',
    ],
    ['dockerd 20.10.24, layer', 'filesystem layer verification failed for digest sha256:a6a6'],
    ['dockerd 28 distribution/pull_v2.go', 'manifest verification failed for digest sha256:a6a6'],
    ['dockerd 20.10.24, layer', "layers from manifest don't match image configuration"],
    [
      'dockerd 20.10.24, layer',
      'failed to register layer: Error processing tar file(exit status 1): archive/tar: invalid tar header',
    ],
    ['dockerd 28 distribution/xfer/download.go', 'could not get decompression stream: gzip: invalid header'],
    ['dockerd 28 layer/layer.go', 'failed to register layer: max depth exceeded'],
    ['dockerd 20.10.24, a layer missing in the registry', 'unknown blob'],
    [
      'dockerd 20.10.24, blob missing in the registry',
      'error pulling image configuration: download failed after attempts=1: unknown blob',
    ],
    [
      'dockerd 28, blob missing in the registry',
      'error pulling image configuration: download failed after attempts=1: blob unknown: blob unknown to registry',
    ],
    [
      'podman 4.3.1, a layer missing in the registry',
      'reading blob sha256:815abdc7: Error fetching blob: invalid status code from registry 404 (Not Found)',
    ],
    ['podman', 'writing blob: Digest did not match, expected sha256:7e76, got sha256:34b8'],
  ],

  NotAnImage: [
    [
      'containerd 1.6.20',
      'failed to pull and unpack image "r.example/chart:v1": failed to unpack image on snapshotter overlayfs: mismatched image rootfs and manifest layers',
    ],
    ['containerd 2.4.2 core/unpack/unpacker.go', `${PULL}number of layers and diffIDs don't match: 3 != 2`],
    [
      'containerd 2.4.2 core/unpack/unpacker.go',
      `${PULL}unmarshal image config: invalid character 'x' looking for beginning of value`,
    ],
    [
      'containerd 2.4.2 core/images/image.go',
      'get image config descriptor: unexpected media type application/json for sha256:7c76: not found',
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2 core/transfer/local/pull.go',
      'schema 1 image manifests are no longer supported: invalid argument',
      INVALID,
    ],
    [
      'containerd 2.4.2 client/pull.go',
      `${PULL}not implemented: media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since containerd v2.1, please rebuild the image`,
      UNIMPLEMENTED,
    ],
    ['containerd 1.6.20, schema 1', `${PULL}schema 1 conversion failed: no signatures`],
    [
      'containerd 2.4.2 core/remotes/docker/resolver.go',
      `${RESOLVE_2}rejecting 9000000 byte manifest for r.example/app:v1: not found`,
      NOT_FOUND,
    ],
    ['containerd 2.4.2 core/images/handlers.go', `${PULL}too many descriptors (limit 1024): resource exhausted`],
    [
      'containerd 2.4.2 core/diff/stream.go',
      `${EXTRACT}failed to get stream processor for application/x-layer: no processor for media-type: unknown`,
    ],
    [
      'containerd 2.4.2 core/images/image.go',
      `${PULL}manifest: invalid desc sha256:7c76: media-type: expected manifest but found index (application/vnd.oci.image.index.v1+json)`,
    ],
    [
      'containerd 2.0.14 core/remotes/docker/schema1/converter.go',
      'failed to pull image: Pulling Schema 1 images have been deprecated and disabled by default since containerd v2.0. As a workaround you may set an environment variable `CONTAINERD_ENABLE_DEPRECATED_PULL_SCHEMA_1_IMAGE=1`, but this will be completely removed in containerd v2.1.',
    ],
    [
      'CRI-O 1.34.11, schema 1',
      `${CRIO}initializing image from source docker://r.example/app:v1: no FSLayers in manifest; artifact err: pull artifact: the moon is in the wrong phase`,
    ],
    [
      'go.podman.io/image 5.42 internal/manifest/list.go',
      `${CRIO}Unimplemented manifest list MIME type "application/json" (normalized as "application/json")`,
    ],
    ['go.podman.io/image 5.42 copy/single.go', `${CRIO}parsing image configuration: unexpected end of JSON input`],
    ['docker/distribution 2.8.3 registry/api/v2/errors.go', 'manifest invalid: manifest invalid'],
    ['dockerd 20.10.24, artifact', 'unsupported media type application/vnd.oci.empty.v1+json'],
    ['dockerd 20.10.17, artifact', 'invalid rootfs in image configuration'],
    ['dockerd 24.0.6, artifact', 'unsupported media type application/vnd.devcontainers'],
    [
      'dockerd 28 distribution/errors.go',
      'Encountered remote "application/vnd.docker.plugin.v1+json"(plugin) when fetching',
    ],
    [
      'dockerd 28 distribution/errors.go',
      'Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of r.example/app:v1 to upgrade the image to the OCI Format',
    ],
    ['dockerd 28 distribution/errors.go', 'unsupported manifest format'],
    [
      'dockerd 28 distribution/errors.go',
      'AI models are not yet supported by the Engine, please use "docker model pull/run" instead',
    ],
    ['dockerd 28 image/image.go', 'invalid image JSON, no RootFS key'],
    ['podman', 'unsupported image-specific operation on artifact with type "application/x"'],
  ],

  Cancelled: [
    ['dockerd 28 distribution/xfer/download.go', 'layer registration cancelled'],
    ['dockerd 28 distribution/xfer/download.go', 'download cancelled during retry delay'],
    ['net, ErrCanceled', `${DO}operation was canceled`],
    [
      'containerd 2.4.2 image_pull.go, deleted meanwhile',
      'failed to get image "r.example/app:v1" from containerd image store: image "r.example/app:v1": not found',
      NOT_FOUND,
    ],
    [
      'containerd 2.4.2 plugins/content/local/locks.go',
      `${PULL}ref layer-sha256:7c76 locked for 10ms (since 2026-11-27 00:00:00): unavailable`,
      UNAVAILABLE,
    ],
    [
      'go.podman.io/storage 1.65 errors.go',
      `${CRIO}committing the finished image: creating image "7c76": that ID is already in use`,
    ],
  ],
};

export const FAILURE_SAMPLES: readonly FailureSample[] = Object.entries(SAMPLES).flatMap(([kind, rows]) =>
  rows.map(([from, text, code = UNKNOWN]) => ({ kind: kind as FailureKind, from, text, code })),
);
