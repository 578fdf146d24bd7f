/** What the tests use of s3rver, which has no types of its own. */
declare module 's3rver' {
  // biome-ignore lint/style/noDefaultExport: it is that of the package.
  export default class S3rver {
    constructor(options: {
      readonly address: string;
      readonly port: number;
      readonly silent: boolean;
      readonly directory: string;
      readonly configureBuckets: readonly { readonly name: string; readonly configs: readonly string[] }[];
    });
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }
}
