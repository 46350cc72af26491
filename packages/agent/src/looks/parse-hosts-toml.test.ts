import { expect, test } from 'vitest';
import { NO_SETTINGS, parseHostsToml } from './parse-hosts-toml.ts';

test('a file as the documentation has it is read', () => {
  const text = `
# of the registry
server = "https://registry.example" # the origin
ca = "ca.crt"
[host."https://mirror.example/hub"]
  capabilities = ["pull",
    "resolve", # both
  ]
  ca = ['/etc/certs/#1.crt', "two.crt"]
  client = [["a.cert", "a.key"], ["both.pem", ""]]
  skip_verify = true
  override_path = true
  dial_timeout = 10s
  [host."https://mirror.example/hub".header]
    x-custom = ["skip_verify"]
[host.'http://127.0.0.1:30020']
`;
  expect(parseHostsToml(text)).toEqual({
    server: 'https://registry.example',
    ofServer: { ...NO_SETTINGS, ca: ['ca.crt'] },
    mirrors: [
      {
        url: 'https://mirror.example/hub',
        settings: {
          capabilities: ['pull', 'resolve'],
          ca: ['/etc/certs/#1.crt', 'two.crt'],
          client: [
            ['a.cert', 'a.key'],
            ['both.pem', ''],
          ],
          skipVerify: true,
          overridePath: true,
        },
      },
      { url: 'http://127.0.0.1:30020', settings: NO_SETTINGS },
    ],
  });
});

test.each([
  ['', 'nothing at all'],
  ['[host]\n', 'the empty table that containerd 1.6 wants'],
])('%j is %s', text => {
  expect(parseHostsToml(text)).toEqual({ server: undefined, ofServer: NO_SETTINGS, mirrors: [] });
});

test.each([
  ['server', 'expected key = value'],
  ['ca = [', 'expected ]'],
  ['[plugins."x"]\nserver = "a"', 'expected [host."URL"]'],
  [`a = "${'x'.repeat(70_000)}"`, 'longer than'],
])('%s is refused', (text, why) => {
  expect(() => parseHostsToml(text)).toThrow(why);
});
