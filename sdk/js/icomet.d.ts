// Types of the icomet client. README.md explains what is only named here.

/** Where to go on in a channel: its life, and the number of the next message. JSON keeps it. */
export interface Position {
  readonly epoch: string;
  readonly seq: number;
}

export type TransportKind = 'websocket' | 'sse' | 'stream' | 'poll';

export type State = 'idle' | 'connecting' | 'open' | 'waiting' | 'offline' | 'paused' | 'closed';

/** A token, or what gets one; it is called again when a token is refused or ends. */
export type TokenSource = string | (() => string | Promise<string>);

export interface ClientOptions {
  token?: TokenSource;
  transports?: TransportKind[];
  /** One connection for all tabs; a string keeps apart, say, users. */
  share?: boolean | string;
  client?: string;
  info?: string | object;
  credentials?: RequestCredentials;
  storage?: Pick<Storage, 'getItem' | 'setItem'> | null;
  queueMax?: number;
  commandTimeoutMs?: number;
  helloTimeoutMs?: number;
  failuresMax?: number;
  backoffFirstMs?: number;
  backoffMaxMs?: number;
  rememberMs?: number;
  upgradeFirstMs?: number;
  upgradeMaxMs?: number;
  pauseHiddenMs?: number;
  gatherMs?: number;
  env?: Environment;
}

/** What replaces parts of the surroundings, for Node or for tests. */
export interface Environment {
  setTimeout?: (action: () => void, ms: number) => unknown;
  clearTimeout?: (id: any) => void;
  now?: () => number;
  random?: () => number;
  newId?: () => string;
  fetch?: typeof fetch;
  WebSocket?: unknown;
  BroadcastChannel?: unknown;
  locks?: unknown;
  storage?: Pick<Storage, 'getItem' | 'setItem'>;
  window?: EventTarget;
  document?: EventTarget & { readonly visibilityState: string };
  online?: () => boolean;
  report?: (error: unknown) => void;
}

export interface SubscribeOptions {
  /** Where to go on; wins over last and since. */
  position?: Position | null;
  /** Begin with this many of the newest messages. */
  last?: number;
  /** Begin with the messages of this time and later: seconds since 1970, RFC 3339, or a Date. */
  since?: number | string | Date;
  presence?: boolean;
  token?: TokenSource;
}

export interface StateDetail {
  transport: TransportKind | '';
  /** How long the wait for the next attempt is. */
  retryInMs?: number;
  error?: IcometError;
}

export interface Gap {
  from: number;
  /** The last number that will not come; below from if none of the channel's new life is missing. */
  to: number;
  reason: 'trimmed' | 'cleared' | 'expired' | 'restarted' | 'slow' | 'unknown';
  epoch: string;
}

export interface Member {
  client: string;
  info?: any;
}

export interface Close {
  reason: 'closed' | 'unsubscribed' | 'refused' | 'client closed';
  error?: IcometError;
}

export interface ClientEvents {
  state: (state: State, detail: StateDetail) => void;
  error: (error: IcometError) => void;
}

export interface SubscriptionEvents {
  message: (message: Message) => void;
  gap: (gap: Gap) => void;
  subscribed: (detail: { position: Position }) => void;
  join: (member: Member) => void;
  leave: (member: Member) => void;
  error: (error: IcometError) => void;
  close: (close: Close) => void;
}

export class Client {
  constructor(url: string | URL, options?: ClientOptions);
  readonly state: State;
  readonly transport: TransportKind | '';
  on<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  once<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): () => void;
  off<E extends keyof ClientEvents>(event: E, handler: ClientEvents[E]): void;
  subscribe(channel: string, options?: SubscribeOptions): Subscription;
  publish(channel: string, value: unknown, options?: { event?: string }): Promise<Position>;
  close(): void;
}

export class Subscription implements AsyncIterable<Message> {
  private constructor();
  readonly channel: string;
  readonly position: Position | null;
  readonly closed: boolean;
  on<E extends keyof SubscriptionEvents>(event: E, handler: SubscriptionEvents[E]): () => void;
  once<E extends keyof SubscriptionEvents>(event: E, handler: SubscriptionEvents[E]): () => void;
  off<E extends keyof SubscriptionEvents>(event: E, handler: SubscriptionEvents[E]): void;
  publish(value: unknown, options?: { event?: string }): Promise<Position>;
  members(): Promise<{ members: Member[]; count: number }>;
  unsubscribe(): void;
  [Symbol.asyncIterator](): AsyncIterator<Message>;
}

export class Message {
  private constructor();
  readonly channel: string;
  readonly seq: number;
  readonly epoch: string;
  readonly type: 'data' | 'broadcast';
  readonly event?: string;
  readonly content?: string;
  readonly data?: any;
  readonly bytes?: Uint8Array;
  readonly position: Position;
}

export class IcometError extends Error {
  constructor(code: string | number, text: string, more?: { channel?: string; final?: boolean; cause?: unknown });
  readonly code: string | number;
  readonly channel?: string;
  /** The client does not try again by itself. */
  readonly final: boolean;
}

/** The interface of the original's icomet.js, on top of a Client. */
export class iComet {
  constructor(config: IcometConfig);
  readonly stopped: boolean;
  channel: string;
  cname: string;
  start(): void;
  stop(): void;
  pub(content: string, callback?: (reply: any) => void, failed?: (error: IcometFailure) => void): boolean;
}

export interface IcometFailure {
  type: string;
  content: string;
}

export interface IcometConfig {
  channel: string;
  subUrl?: string;
  sub_url?: string;
  signUrl?: string;
  sign_url?: string;
  pubUrl?: string;
  pub_url?: string;
  callback?: (content: any, type: string) => void;
  sub_callback?: (content: any, type: string) => void;
  history?: boolean;
  onState?: (state: State | 'stopped', transport: TransportKind | '') => void;
  onLost?: (lost: { reason: 'gap' | 'restart'; from: number; to: number }) => void;
  onError?: (error: IcometFailure) => void;
  options?: ClientOptions;
}
