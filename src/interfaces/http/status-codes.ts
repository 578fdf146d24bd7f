/** The phrase of each status. An `import` of node:http reads all that it exports, and so loads the client of `fetch`: 11 MB. */
export const { STATUS_CODES } = process.getBuiltinModule('node:http');
