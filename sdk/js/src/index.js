export { Client } from './client.js';
export { IcometError } from './errors.js';
export { iComet } from './drop_in.js';
