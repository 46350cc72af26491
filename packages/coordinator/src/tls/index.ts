export type { ServerCertificate } from './make-certificate.ts';
export { createServingCertificate, type ServingCertificate } from './serving-certificate.ts';
