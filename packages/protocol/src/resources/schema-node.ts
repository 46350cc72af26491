/** What we write of JSON Schema. */
export interface SchemaNode {
  /** Several: any of them. */
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  /** Of a map: the values. */
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly maxProperties?: number;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly pattern?: string;
  readonly 'x-kubernetes-map-type'?: 'atomic';
  readonly 'x-kubernetes-int-or-string'?: boolean;
}
