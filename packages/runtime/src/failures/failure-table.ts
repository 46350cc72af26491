import type { FailureKind } from '@kube-prefetch/protocol';

export interface FailureRow {
  readonly kind: FailureKind;
  readonly match: RegExp;
  /** Of gRPC; only with this one where given. */
  readonly code?: number;
  /** Why this row has to stand before rows of another kind that fit its texts too; absent where none does. */
  readonly before?: string;
}

/** gRPC's CANCELLED. */
const CANCELLED = 1;

/** Where runtimes name the status that a registry or a token server answered with; the status follows. */
const STATUS = [
  /unexpected status from [A-Z]+ request to [^ ]+: /, // containerd 1.7 and later, Docker 29
  /unexpected status(?: code [^ ]+)?: /, // containerd 1.6, 1.7
  /unexpected HEAD status code [^ ]+: /, // containerd 1.7 and later
  /failed with status code \[[^\][]*\]: /, // containerd 1.6
  /received unexpected HTTP status: /, // dockerd, CRI-O, podman
  /unexpected status resolving reader: /, // dockerd
  /failed with status: /, // dockerd's login
  /error parsing HTTP /, // dockerd, older podman
  /StatusCode: /, // CRI-O, podman
  /invalid status code from registry /, // older podman
];

/**
 * What runtimes say when a pull fails: containerd 1.6 to 2.4, CRI-O, cri-dockerd, dockerd 20.10 to 29, podman. The first row
 * that fits decides. All kinds of runtime share it, because they share their libraries: dockerd 29 speaks like containerd,
 * cri-dockerd like dockerd, podman like CRI-O, and all like Go. No pattern is ever slower than its text is long.
 */
export const FAILURE_TABLE: readonly FailureRow[] = [
  // An error text longer than we take: grpc-go ends the call so, and texts of that length come from a registry.
  {
    kind: 'RegistryUnavailable',
    match: /^http\/2 stream closed: Stream closed with error code NGHTTP2_INTERNAL_ERROR$/,
    before: 'any other stream that closes was closed by a runtime that ended',
  },

  // The runtime, or a part of it in a process of its own.
  {
    kind: 'RuntimeUnavailable',
    match:
      /^(?:connect|read|write) E[A-Z]+|^http\/2 stream closed|server is not initialized yet|unknown service runtime\.v1|\bdial unix |transport is closing|client connection is closing|aborted by a Go panic|unexpected panic|pull child finished successfully but/,
    before: "a snapshotter's socket is named behind what it was asked for",
  },

  // The registry's answers, by status. What it writes into the body comes behind and may hold any word.
  {
    kind: 'RateLimited',
    match: status('429'),
    before: 'the body may hold any word',
  },
  {
    kind: 'Unauthorized',
    match: status('40[123]|451'),
    before: 'the body may hold any word',
  },
  {
    kind: 'RegistryUnavailable',
    match: any(
      /invalid character '<' looking for beginning of value/, // a proxy's or a portal's page where JSON should be
      /\(text\/|media type text\/|default available: text\//,
      /unable to decode token response|decoding bearer token/,
    ),
    before: 'such a page often has the status 404, and what containerd asks for next ends in "not found"',
  },
  {
    kind: 'Corrupt',
    match: /^reading blob sha\d+:[0-9a-f]+: Error fetching blob: invalid status code from registry 404 /,
    before: 'the same status of a manifest means a missing image',
  },
  {
    kind: 'NotFound',
    match: any(status('404|410'), /content at [^ ]+ not found: /),
    before: 'the body may hold any word',
  },
  {
    kind: 'RegistryUnavailable',
    match: status(String.raw`[1-9]\d\d`),
    before: 'the body may hold any word',
  },

  // The registry's answers, by the words of its error codes.
  {
    kind: 'RateLimited',
    match: any(
      word('toomanyrequests'),
      /too many requests(?: to registry)?$|reached your (?:unauthenticated )?pull rate limit/,
    ),
    before: 'the message behind the code may hold any word',
  },
  {
    kind: 'Unauthorized',
    match: any(
      word('unauthorized|denied|authorization failed'),
      /: (?:unauthorized|denied)$|^(?:unauthorized|denied)$|authorization failed$/,
      /pull access denied for |requested access to the resource is denied|authentication required$/,
      /no basic auth credentials|missing username or secret|incorrect username or password|invalid username\/password/,
      /failed to find supported auth scheme|no supported grant type|invalid decoded auth|illegal base64 data|parse server address/,
    ),
    before: 'the message behind the code may hold any word',
  },
  {
    kind: 'Corrupt',
    match: any(
      /blob unknown(?: to registry)?(?:$|: )|(?:^|: )unknown blob$/,
      /could not fetch content descriptor sha\d+:[0-9a-f]+ \([^()]*\) from remote: not found/,
      /could not fetch content sha\d+:[0-9a-f]+ from remote: /,
    ),
    before: 'a layer that the registry has lost is no missing image',
  },
  {
    kind: 'NotFound',
    match:
      /manifest unknown|name unknown: |repository name not known to registry|image manifest does not exist for tag or digest/,
    before: 'dockerd wraps the code in words of its own',
  },
  {
    // Of the token server.
    kind: 'RegistryUnavailable',
    match: any(
      /did not include a token|no realm specified|missing realm in bearer auth challenge|invalid token auth challenge realm|error parsing auth scope/,
      word('unavailable|unsupported'),
      /service unavailable$|The operation is unsupported\.$|in header not a valid digest|content size of zero|negative content size/,
    ),
    before: 'what could not be decoded is quoted',
  },

  {
    kind: 'NoPlatform',
    match:
      /no match for platform in manifest|no matching manifest for |no image found in (?:image index|manifest list) for architecture|no instances found for platform|image might be filtered out|does not support platform|operating system (?:"[^"]*" cannot be used on this platform|is not supported)|cannot download image with operating system/,
    before: 'containerd ends it with "not found"',
  },
  {
    kind: 'InvalidReference',
    match: any(
      /invalid reference format|failed to parse (?:image )?reference|^cannot parse input|^invalid tag format|^invalid repository name/,
      word('invalid reference|name invalid|tag invalid|pagination number invalid'),
      /short name mode is enforcing|short-name [^ ]+ did not resolve to an alias|ambiguous digest string|is a reserved name$/,
      /no image specified|hostname required|object required|without a tag or digest is not supported|both a tag and digest are currently not supported/,
    ),
  },

  // The node: its disks, memory and handles.
  {
    kind: 'DiskFull',
    match: /no space left on device|disk quota exceeded|not enough (?:free )?space/,
    before: 'what was done when the disk was full stands before it',
  },
  {
    kind: 'RuntimeUnavailable',
    match:
      /input\/output error|read-only file system|cannot allocate memory|too many open files|stale (?:NFS )?file handle|structure needs cleaning|transport endpoint is not connected|database not open|error loading storage metadata|read-only store/,
    before: 'what was done when the disk failed stands before it',
  },

  // The way to the registry.
  {
    // We did not cancel: the runtime gave up a download from which no byte came for too long.
    kind: 'Stalled',
    code: CANCELLED,
    match: /context canceled/,
    before: 'with another code the runtime is going down',
  },
  {
    kind: 'RegistryUnavailable',
    match: any(
      /\bdial (?:tcp|udp)|\b(?:read|write) (?:tcp|udp) |\blookup [^ ]+ on |no such host|server misbehaving|Temporary failure in name resolution/,
      /connection (?:refused|reset by peer|timed out|aborted)|broken pipe|network is (?:unreachable|down)|no route to host|host is down|i\/o timeout/,
      /TLS handshake timeout|server gave HTTP response to HTTPS client|first record does not look like a TLS handshake/,
      word('tls|x509|http2|connection error|proxyconnect tcp'),
      /timeout awaiting response headers|Client\.Timeout|context deadline exceeded|server closed idle connection|client connection lost|use of closed network connection/,
      /transport connection broken|malformed (?:HTTP|MIME|chunked)|stream error: stream ID|response headers exceeded|server sent GOAWAY/,
      /stopped after 10 redirects|failed to authorize redirect|unsupported protocol scheme|Proxy Authentication Required|socks connect tcp/,
    ),
    before: 'layers that come while they are unpacked fail as unpacking',
  },

  {
    // Also images that are encrypted, or not signed as this node wants them.
    kind: 'Unauthorized',
    match:
      /^SignatureValidationFailed|Source image rejected: |signature was required|signatures were accepted|is rejected by policy|rejected by policy\.|image verifier [^ ]+ (?:blocked|returned)|blocking pull of |is blocked in |missing private key needed for decryption|no suitable key (?:unwrapper )?found|should be decrypted|[Pp]ull is not allowed/,
    before: 'a policy may quote what it looked for',
  },

  // The image itself.
  {
    kind: 'Corrupt',
    match: any(
      /unexpected commit (?:digest|size)|Digest did not match|digest mismatch|blob (?:digest|size) mismatch|verification failed for digest|content incorrect (?:digest|size)/,
      /wrong diff id|does not match (?:config's DiffID|expected|provided manifest digest|selected manifest digest|image ID)|don't match image configuration|config claims|failed to verify: /,
      /read exceeds expected size|writer offset \d+ exceeds|read past expected size|invalid descriptor digest/,
      /provided (?:digest|length) did not match|invalid checksum digest|invalid digest|unsupported (?:blob )?digest|could not validate layer digest|manifest failed signature verification/,
      word('manifest unverified|digest invalid|size invalid'),
    ),
    before: 'unpacking may have found it',
  },
  {
    kind: 'NotAnImage',
    match: any(
      /mismatched image rootfs|number of layers and diffIDs don't match|invalid rootfs in image configuration|no RootFS key|too many non-empty layers in History|image has no layers|has only \d+ DiffID values/,
      /[sS]chema 1|[Mm]anifest v2, schema|schema v1 unsupported|distribution\.manifest\.v1\+|no signatures|no FSLayers in manifest|unsupported schema version/,
      /unexpected media type |unsupported (?:docker v2s2 |OCIv1 |MIME type|media ?type|manifest|image-specific)|Unimplemented manifest|unrecognised mediatype|media type "[^"]*" is no longer supported|not implemented: media type|no processor for media-type|invalid descriptor size/,
      /Encountered remote "[^"]*"\([^()]*\) when fetching|AI models are not|rejecting ambiguous manifest|rejecting \d+ byte manifest|too many descriptors|received a manifest list instead/,
      /unmarshal image config|parsing image (?:manifest|configuration)|parsing (?:manifest|primary manifest|list manifest|OCI1 index)|error unmarshalling content|unsupported manifest format|config validation failed|failed to unmarshal/,
      word('manifest invalid|media-type'),
      /manifest invalid$|exceeded maximum allowed artifact size/,
    ),
    before: 'containerd ends some with "not found"',
  },
  {
    kind: 'Corrupt',
    match: any(
      /failed to (?:extract layer|unpack image|register layer|prepare extraction snapshot|commit snapshot|stat snapshot|get stream processor|get decompression stream)|prepare extraction snapshot|apply layer error|could not get decompression stream/,
      /unpacking failed|processing tar file|adding layer with blob|setting up to decompress blob|ApplyLayer |untar (?:error|pipe)|computing layer DiffID|staging a partially-pulled layer|partial pull of blob/,
      word(String.raw`archive\/tar|gzip|flate|zlib|bzip2|zstd|xz|lz4|unpigz`),
      /magic number mismatch|invalid archive|max depth exceeded|layer does not exist|layer not known|image layer is missing|layer [^ ]+ not found|content (?:digest )?sha\d+:[0-9a-f]+: not found|blob not found/,
    ),
    before: 'the end of a file that is unpacked too early is no end of a connection',
  },
  {
    kind: 'RegistryUnavailable',
    match:
      /(?:^|: )(?:unexpected )?EOF(?:$|[\s)])|unexpected EOF|short (?:read|copy)|unable to discard to offset|failed to discard to offset|unhandled content range|content range requests ignored|expected HTTP 206|Content-Range|Content-Length"? header|Content-Type header|missing content-length|no pull hosts|no resolve hosts|no endpoints found|fetching external blob/,
    before: 'where the bytes went is named before it',
  },

  // The image as this runtime names it.
  {
    kind: 'NotFound',
    match: /^(?=[^]*failed to resolve (?:reference|image))[^]*: not found$/,
  },

  // What another client of the runtime did.
  {
    kind: 'Cancelled',
    match:
      /layer registration cancelled|download cancelled during retry delay|cancelled: |operation was canceled|from containerd image store: |locked for [^ ]+ \(since |layer already exists|(?:ID|name) is already in use|failed to lease content/,
    before: 'what was asked for is named before it',
  },
  { kind: 'RuntimeUnavailable', match: /context canceled|signal: killed/ },

  // Whatever else a step of the pull ended with.
  {
    kind: 'RegistryUnavailable',
    match: any(
      /^RegistryUnavailable: |failed to (?:do request|authorize): |httpReadSeeker: |pinging container registry |fetching blob: |fetching manifest /,
      word('unknown'),
      /unknown error$/,
    ),
  },
  {
    kind: 'RuntimeUnavailable',
    match:
      /: (?:permission denied|operation not permitted|no such file or directory|not a directory|file exists|device or resource busy|invalid argument|resource temporarily unavailable|interrupted system call|file too large|is a directory|directory not empty)$|update image store|create (?:image reference "|managed label)|unable to (?:initialize unpacker|resolve snapshotter|load CA cert|read C|initialize cert pool)|loading registries|creating temporary|storing blob to file|committing the finished image/,
  },
];

/** At the start of the text or of a part of it. A tag can be such a word too, but never has a blank before it. */
function word(words: string): RegExp {
  return new RegExp(`(?:^|[\\s("])(?:${words}): `);
}

function status(codes: string): RegExp {
  return new RegExp(`(?:${STATUS.map(({ source }) => source).join('|')})(?:${codes})\\b`);
}

function any(...patterns: readonly RegExp[]): RegExp {
  return new RegExp(patterns.map(({ source }) => source).join('|'));
}
