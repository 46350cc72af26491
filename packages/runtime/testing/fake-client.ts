import { create, type DescMessage, type DescMethod, type DescService } from '@bufbuild/protobuf';
import { type Client, Code, type ServiceImpl } from '@connectrpc/connect';
import { CallError } from '../src/cri/grpc-client.ts';

/** A client whose calls are answered by these methods. Those that are missing are refused, as an older server does. */
export function createFakeClient<Service extends DescService>(
  service: Service,
  methods: Partial<ServiceImpl<Service>>,
): Client<Service> {
  const answers = methods as Readonly<Record<string, ((input: unknown, context: unknown) => unknown) | undefined>>;
  const answer = (method: DescMethod, input: unknown, options: { signal?: AbortSignal } = {}) => {
    const found = answers[method.localName];
    if (found === undefined) throw new CallError(`unknown method ${method.name}`, Code.Unimplemented);
    const { signal = new AbortController().signal } = options;
    return found(create(method.input as DescMessage, input as never), { signal });
  };
  const calls = service.methods.map(method => {
    const call =
      method.methodKind === 'unary'
        ? async (input: unknown, options?: object) =>
            create(method.output, (await answer(method, input, options)) as never)
        : async function* (input: unknown, options?: object) {
            for await (const part of answer(method, input, options) as AsyncIterable<never>)
              yield create(method.output, part);
          };
    return [method.localName, call] as const;
  });
  return Object.fromEntries(calls) as Client<Service>;
}
