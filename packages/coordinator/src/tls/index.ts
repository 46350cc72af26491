export { createServingCertificate, type ServingCertificate } from './serving-certificate.ts';
