# Untried so far: where this was written, there was no Docker engine.
FROM node:26-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
COPY web/package.json web/

FROM manifests AS dependencies
RUN npm ci --omit=dev --workspaces=false

FROM manifests AS web
RUN npm ci
COPY tsconfig.json ./
COPY client client
COPY web web
RUN npm run build --workspace web

FROM node:26-slim
ENV NODE_ENV=production HOST=0.0.0.0 PARLEY_DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY --from=web /app/web/dist ./web/dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
# Over TLS only whether it listens: a client certificate may be wanted, and there is none here.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "const { PORT = 3000, PARLEY_TLS_CERT: tls } = process.env; const end = (ok) => process.exit(ok ? 0 : 1); if (tls) require('net').connect(PORT).on('connect', () => end(true)).on('error', () => end(false)); else fetch(`http://127.0.0.1:${PORT}/health`).then(({ ok }) => end(ok), () => end(false))"]
# node itself, not npm: signals reach it, and it is the image's own Node.
CMD ["node", "src/start.js"]
