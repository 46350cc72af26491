export type { ServerCertificate } from './make-certificate.ts';
export { type CertificateMetrics, createServingCertificate, type ServingCertificate } from './serving-certificate.ts';
